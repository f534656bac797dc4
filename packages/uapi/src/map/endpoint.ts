import {
  type Endpoint,
  formatAddress,
  isScopeName,
  parseAddress,
  parseIPv4Endpoint,
} from '@wgctrl/types'

/** An IPv4 address, or an IPv6 address in brackets with or without a scope; and a port. */
const ENDPOINT = /^(?:\[([^\]%]+)(?:%([^\]]+))?\]|([\d.]+)):(\d{1,5})$/

/**
 * Reads an endpoint of a reply. Wider than what a config may have: a daemon shows what it was given by
 * whomever, and wireguard-go and the kernel take port 0 and IPv4-mapped addresses. A scope that no link can have is none:
 * it would be shown.
 *
 * @returns `undefined` for anything else
 */
export function parseWireEndpoint(text: string): Endpoint | undefined {
  const plain = parseIPv4Endpoint(text)
  if (plain) return plain
  const [, v6, scope, v4, digits] = ENDPOINT.exec(text) ?? []
  const ip = parseAddress(v6 ?? v4 ?? '')
  const port = Number(digits)
  if (ip?.family !== (v6 === undefined ? 4 : 6) || !(port <= 65535)) return undefined
  const address = formatAddress(ip.family, ip.bytes)
  if (scope === undefined || scope === '0') return { address, port, family: ip.family }
  const scopeId = /^[1-9]\d{0,9}$/.test(scope) ? Number(scope) : scope
  if (typeof scopeId === 'number' ? scopeId >= 2 ** 32 : !isScopeName(scopeId)) return undefined
  return { address, port, family: ip.family, scopeId }
}
