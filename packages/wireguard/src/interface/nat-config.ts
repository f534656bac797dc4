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
 * @param own the interface's name; absent: not known yet
 * @throws {TypeError | WireGuardError} `EINVAL` with `path`
 */
export function checkNat(
  { to = [], networks, source = [] }: NatConfig,
  addresses: readonly InterfaceAddress[],
  own: string | undefined,
): CheckedNat {
  const links = typeof to === 'string' ? [to] : checkList(to, 'nat.to')
  links.forEach((name, at) => {
    const path = typeof to === 'string' ? 'nat.to' : `nat.to[${at}]`
    checkInterfaceName(name, path)
    if (name === own) throw invalid(path, 'is the tunnel that the packets come from')
  })
  return {
    to: [...new Set(links)],
    networks: networks === undefined ? ownNetworks(addresses) : checkNetworks(networks),
    source: checkSource(source),
  }
}

function checkNetworks(networks: readonly string[]): string[] {
  const texts = checkList(networks, 'nat.networks').map((text, at) =>
    canonicalCidr(text, `nat.networks[${at}]`),
  )
  if (texts.length === 0) throw invalid('nat.networks', 'must name a network, or be absent')
  return [...new Set(texts)]
}

/** @param text an address with the length of its prefix */
export const isNoHost = (text: string): boolean =>
  !text.endsWith(text.includes(':') ? '/128' : '/32')

/** A host alone is no network: nobody is behind it, so nothing would be translated. */
function ownNetworks(addresses: readonly InterfaceAddress[]): string[] {
  const networks = addresses.filter(({ text }) => isNoHost(text))
  if (networks.length === 0) {
    throw invalid('nat.networks', 'must be given: the interface has no network of its own')
  }
  return [...new Set(networks.map(({ text }) => canonicalCidr(text)))]
}

function checkSource(source: string | readonly string[]): CheckedNat['source'] {
  const checked: { [family in Family]?: string } = {}
  const isOne = typeof source === 'string'
  for (const [at, text] of (isOne ? [source] : checkList(source, 'nat.source')).entries()) {
    const path = isOne ? 'nat.source' : `nat.source[${at}]`
    if (typeof text !== 'string') throw new InvalidTypeError(path, 'an address must be a string')
    const address = parseAddress(text)
    if (!address) throw invalid(path, `not an IP address: ${quoted(text)}`)
    if (checked[address.family]) throw invalid(path, `a second address of IPv${address.family}`)
    checked[address.family] = formatAddress(address.family, address.bytes)
  }
  return checked
}
