import {
  canonicalCidr,
  checkInterfaceName,
  type Family,
  formatAddress,
  InvalidTypeError,
  invalid,
  parseAddress,
  quoted,
} from '@wgctrl/types'
import type { InterfaceAddress } from './address.js'
import { checkList } from './field-list.js'

/** Whose packets get another source address on their way out of the tunnel, and which. */
export interface NatConfig {
  /**
   * The links that packets leave by, `eth0`; none of them has to be there yet. Absent: any but the tunnel itself
   * and the loopback.
   */
  to?: string | readonly string[] | undefined
  /** The networks whose packets are translated. Absent: those of the interface's own addresses. */
  networks?: readonly string[] | undefined
  /**
   * The addresses that packets get, at most one of each family. Of a family without one, and where this is absent, they
   * get the address of the link that they leave by, as it is at that moment (masquerading).
   */
  source?: string | readonly string[] | undefined
}

/** {@link NatConfig} after the check. */
export interface CheckedNat {
  /** None: any but the tunnel itself and the loopback. */
  readonly to: readonly string[]
  /** Canonical. */
  readonly networks: readonly string[]
  readonly source: { readonly [family in Family]?: string }
}

/**
 * Checks NAT before its interface is known, whose networks it may be for.
 *
 * @param path stands before the field in the error
 * @param own the interface's name; absent: not known yet
 * @throws {TypeError | WireGuardError} `EINVAL` with `path`
 */
export function checkNatConfig(nat: NatConfig, path = 'nat', own?: string): void {
  checkNat(nat, undefined, own, path)
}

/**
 * @param addresses the interface's own; absent: not known yet
 * @param own the interface's name; absent: not known yet
 * @param path stands before the field in the error
 * @throws {TypeError | WireGuardError} `EINVAL` with `path`
 */
export function checkNat(
  nat: NatConfig,
  addresses?: readonly InterfaceAddress[],
  own?: string,
  path = 'nat',
): CheckedNat {
  if (typeof nat !== 'object' || nat === null) throw new InvalidTypeError(path, 'must be an object')
  const { to = [], networks, source = [] } = nat
  const isOne = typeof to === 'string'
  const links = isOne ? [to] : checkList(to, `${path}.to`)
  links.forEach((name, at) => {
    const place = isOne ? `${path}.to` : `${path}.to[${at}]`
    checkInterfaceName(name, place)
    if (name === own) throw invalid(place, 'is the tunnel that the packets come from')
  })
  return {
    to: [...new Set(links)],
    networks: checkNetworks(networks, addresses, `${path}.networks`),
    source: checkSource(source, `${path}.source`),
  }
}

function checkNetworks(
  networks: readonly string[] | undefined,
  addresses: readonly InterfaceAddress[] | undefined,
  path: string,
): string[] {
  if (networks === undefined) return addresses ? ownNetworks(addresses, path) : []
  const texts = checkList(networks, path).map((text, at) => canonicalCidr(text, `${path}[${at}]`))
  if (texts.length === 0) throw invalid(path, 'must name a network, or be absent')
  return [...new Set(texts)]
}

/** @param text an address with the length of its prefix */
export const isNoHost = (text: string): boolean =>
  !text.endsWith(text.includes(':') ? '/128' : '/32')

/** A host alone is no network: nobody is behind it, so nothing would be translated. */
function ownNetworks(addresses: readonly InterfaceAddress[], path: string): string[] {
  const networks = addresses.filter(({ text }) => isNoHost(text))
  if (networks.length === 0) {
    throw invalid(path, 'must be given: the interface has no network of its own')
  }
  return [...new Set(networks.map(({ text }) => canonicalCidr(text)))]
}

function checkSource(source: string | readonly string[], path: string): CheckedNat['source'] {
  const checked: { [family in Family]?: string } = {}
  const isOne = typeof source === 'string'
  for (const [at, text] of (isOne ? [source] : checkList(source, path)).entries()) {
    const place = isOne ? path : `${path}[${at}]`
    if (typeof text !== 'string') throw new InvalidTypeError(place, 'an address must be a string')
    const address = parseAddress(text)
    if (!address) throw invalid(place, `not an IP address: ${quoted(text)}`)
    if (checked[address.family]) throw invalid(place, `a second address of IPv${address.family}`)
    checked[address.family] = formatAddress(address.family, address.bytes)
  }
  return checked
}
