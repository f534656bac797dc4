import { canonicalCidr, type Family } from '@wgctrl/types'
import { hostOf, type InterfaceAddress } from './address.js'

/** An address that a link has. */
export interface PresentAddress extends InterfaceAddress {
  /** IPv4 only: the kernel's word for all but the first address of a network. */
  readonly isSecondary: boolean
}

interface AddressStep {
  readonly action: 'add' | 'remove'
  readonly address: string
}

export interface AddressPlan {
  readonly addAddresses: readonly string[]
  readonly removeAddresses: readonly string[]
  /** In this order; an address that only stands in for a while is not among those above. */
  readonly steps: readonly AddressStep[]
  /** Networks whose route goes with an address, be it to come again. */
  readonly interrupted: readonly string[]
  /** The last IPv4 address goes, and with it all IPv4 routes of the link. */
  readonly emptiesIPv4: boolean
}

/**
 * The steps from the addresses that a link has to those that `up` would give it.
 *
 * Of IPv4 their order counts as well: packets take the first address for their source, and the kernel
 * makes an address a secondary one when there is one of the same network before it. With its first address
 * a network's secondary ones go, unless promote_secondaries is 1, and with the last address of a link its
 * IPv4 routes, in all tables: hence an address of the network goes before another one comes, and where that
 * would be the last, the new one stands in for itself, as one host.
 *
 * @param present in the order of the kernel
 * @source kernel, net/ipv4/devinet.c, __inet_insert_ifa and __inet_del_ifa; net/ipv4/fib_frontend.c
 */
export function planAddresses(
  present: readonly PresentAddress[],
  desired: readonly InterfaceAddress[],
): AddressPlan {
  const wanted = [...new Map(desired.map((address) => [address.text, address])).values()]
  const kept = new Set(
    [...keptIPv4(present, wanted), ...keptIPv6(present, wanted)].map(({ text }) => text),
  )
  const going = new Set(
    present
      .filter(({ text }) => !kept.has(text))
      .sort((a, b) => Number(b.isSecondary) - Number(a.isSecondary)),
  )
  const coming = wanted.filter(({ text }) => !kept.has(text))
  const removeAddresses = present.filter((one) => going.has(one)).map(({ text }) => text)
  const interrupted = new Set(removeAddresses.map((text) => canonicalCidr(text)))
  for (const text of kept) interrupted.delete(canonicalCidr(text))
  const there = new Set(present.filter(isIPv4).map(({ text }) => text))
  const steps: AddressStep[] = []
  const take = (action: 'add' | 'remove', address: string): void => {
    steps.push({ action, address })
    if (address.includes(':')) return
    if (action === 'add') there.add(address)
    else there.delete(address)
  }
  for (const address of coming) {
    const inTheWay = [...going].filter((one) => isInTheWay(one, address))
    const standsIn =
      isIPv4(address) && inTheWay.length > 0 && inTheWay.length === there.size
        ? `${hostOf(address.text)}/32`
        : undefined
    if (standsIn !== undefined) take('add', standsIn)
    for (const one of inTheWay) {
      going.delete(one)
      take('remove', one.text)
    }
    take('add', address.text)
    if (standsIn !== undefined) take('remove', standsIn)
  }
  for (const { text } of going) take('remove', text)
  return {
    addAddresses: coming.map(({ text }) => text),
    removeAddresses,
    steps,
    interrupted: [...interrupted].filter(hasRoute),
    emptiesIPv4: present.some(isIPv4) && there.size === 0,
  }
}

/**
 * Whether the kernel makes a route for the network of an address: in IPv4 none for a single host, and none for
 * 0.0.0.0/8.
 *
 * @source kernel, net/ipv4/fib_frontend.c, fib_add_ifaddr; net/ipv6/addrconf.c, inet6_addr_add
 */
export const hasRoute = (network: string): boolean =>
  network.includes(':') || !/^0\.|\/32$/.test(network)

/** An IPv6 address is there once, whatever its prefix length. */
const isInTheWay = (present: PresentAddress, coming: InterfaceAddress): boolean =>
  present.family === coming.family &&
  (present.family === 4
    ? canonicalCidr(present.text) === canonicalCidr(coming.text)
    : hostOf(present.text) === hostOf(coming.text))

function keptIPv6(
  present: readonly PresentAddress[],
  wanted: readonly InterfaceAddress[],
): InterfaceAddress[] {
  const texts = new Set(present.map(({ text }) => text))
  return wanted.filter(({ family, text }) => family === 6 && texts.has(text))
}

/** Those that can stay where they are: what comes is put behind them. */
function keptIPv4(
  present: readonly PresentAddress[],
  wanted: readonly InterfaceAddress[],
): InterfaceAddress[] {
  const networks = new Set<string>()
  const firsts: InterfaceAddress[] = []
  const others: InterfaceAddress[] = []
  for (const address of wanted.filter(isIPv4)) {
    const network = canonicalCidr(address.text)
    if (networks.has(network)) others.push(address)
    else firsts.push(address)
    networks.add(network)
  }
  // Addresses of loopback have a scope of their own, and are listed apart.
  const keptFirsts = [true, false].flatMap((isLoopback) =>
    keptHead(
      firsts.filter(({ text }) => text.startsWith('127.') === isLoopback),
      present.filter((one) => isIPv4(one) && !one.isSecondary),
    ),
  )
  const keptNetworks = new Set(keptFirsts.map(({ text }) => canonicalCidr(text)))
  const keptOthers = keptHead(
    others,
    present.filter(({ isSecondary }) => isSecondary),
  )
  const lost = keptOthers.findIndex(({ text }) => !keptNetworks.has(canonicalCidr(text)))
  return [...keptFirsts, ...(lost < 0 ? keptOthers : keptOthers.slice(0, lost))]
}

/** The longest head of `wanted` that is present in that order. */
function keptHead(
  wanted: readonly InterfaceAddress[],
  present: readonly PresentAddress[],
): readonly InterfaceAddress[] {
  let length = 0
  for (const { text } of present) if (wanted[length]?.text === text) length++
  return wanted.slice(0, length)
}

const isIPv4 = ({ family }: { family: Family }): boolean => family === 4
