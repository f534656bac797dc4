import { networkInterfaces } from 'node:os'
import {
  type CheckedAllowedIP,
  canonicalCidr,
  type Endpoint,
  formatAddress,
  parseAddress,
} from '@wgctrl/types'
import type { FakeImplementation } from './fake-daemon.js'

/** 64 hex digits of either case. */
export function readKey(value: string): Buffer | undefined {
  return /^[0-9a-f]{64}$/i.test(value) ? Buffer.from(value, 'hex') : undefined
}

/** Leading zeros pass, a sign does not. */
export function readNumber(value: string, max: number): number | undefined {
  return /^\d+$/.test(value) && Number(value) <= max ? Number(value) : undefined
}

/**
 * An address and a port; names are refused, and port 0 is not. The wireguard-go of 2022 looks up the link that a scope
 * names, and shows no scope; later ones take any, and show it as it was given.
 *
 * @source wireguard-go, conn/sticky_linux.go: zoneToUint32 of 0.0.20220316, which 0.0.20250522 no longer has
 */
export function readEndpoint(
  value: string,
  implementation: FakeImplementation,
): Endpoint | undefined {
  const [, v6, scopeId, v4 = '', digits = ''] =
    /^(?:\[([^\]%]+)(?:%([^\]]+))?\]|([^:]+)):(\d+)$/.exec(value) ?? []
  const ip = parseAddress(v6 ?? v4)
  const port = readNumber(digits, 65535)
  if (port === undefined || ip?.family !== (v6 === undefined ? 4 : 6)) return undefined
  const { family } = ip
  const address = formatAddress(family, ip.bytes)
  const endpoint = { address, port, family }
  if (scopeId === undefined) return endpoint
  if (implementation !== 'wireguard-go-2022') return { ...endpoint, scopeId }
  return isOfLink(scopeId) ? endpoint : undefined
}

const isOfLink = (scope: string): boolean =>
  readNumber(scope, 2 ** 32 - 1) !== undefined || Object.hasOwn(networkInterfaces(), scope)

/** A prefix length is needed; bits behind it are cleared. */
export function readNetwork(
  value: string,
  implementation: FakeImplementation,
): CheckedAllowedIP | undefined {
  const remove = value.startsWith('-')
  if (remove && implementation !== 'wireguard-go') return undefined
  const [address = '', bits = ''] = (remove ? value.slice(1) : value).split('/')
  const ip = parseAddress(address)
  const length = ip && readNumber(bits, ip.bytes.length * 8)
  if (length === undefined) return undefined
  return { text: canonicalCidr(`${address}/${length}`), remove }
}
