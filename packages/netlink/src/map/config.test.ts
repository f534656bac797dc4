import { type CheckedPeer, checkConfig, keyBytes, type PeerConfig, parseCidr } from '@wgctrl/types'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { packDevice } from '../wireguard/pack.js'
import type { WgAllowedIp, WgPeer } from '../wireguard/peer-builder.js'
import { recordWriter } from '../wireguard/peer-writer.js'
import { peerWriter, type ScopeIndex, toChange } from './config.js'

const FAMILY = { id: 34, version: 1 }
const scopeIndex: ScopeIndex = (name) => (name === 'eth0' ? 0x01020304 : undefined)

/** sockaddr_in and sockaddr_in6, as linux/in.h and linux/in6.h lay them out. */
const endpoints: [string, string][] = [
  ['192.0.2.7:51820', '0200ca6cc00002070000000000000000'],
  ['[2001:db8::1]:1', '0a0000010000000020010db800000000000000000000000100000000'],
  ['[fe80::1%7]:2', '0a00000200000000fe80000000000000000000000000000107000000'],
  ['[fe80::1%eth0]:3', '0a00000300000000fe80000000000000000000000000000104030201'],
]

const key = fc.uint8Array({ minLength: 32, maxLength: 32 })
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
const prefix = fc.integer({ min: 0, max: 32 })
const network = fc.oneof(
  fc.tuple(fc.ipV4(), prefix).map(([address, length]) => `${address}/${length}`),
  fc.tuple(fc.ipV6(), prefix).map(([address, length]) => `${address}/${96 + length}`),
)

const anyPeer = fc.record({
  publicKey: key,
  presharedKey: optional(fc.oneof(key, fc.constant(null))),
  endpoint: optional(fc.constantFrom(...endpoints.map(([text]) => text))),
  persistentKeepalive: optional(fc.integer({ min: 0, max: 65535 })),
  updateOnly: optional(fc.boolean()),
  replaceAllowedIPs: optional(fc.boolean()),
  allowedIPs: optional(fc.array(network, { maxLength: 4 })),
})

/** The same peer in the kernel's words, by other means. */
function toRecord(given: PeerConfig, checked: CheckedPeer): WgPeer {
  const { presharedKey, endpoint, persistentKeepalive, updateOnly, replaceAllowedIPs } = given
  const flags = (replaceAllowedIPs ? 2 : 0) + (updateOnly ? 4 : 0)
  const sockaddr = endpoints.find(([text]) => text === endpoint)?.[1]
  const allowedips = checked.allowedIPs.map(({ text }): WgAllowedIp => {
    const { family, bytes, prefixLength } = parseCidr(text)
    return { family: family === 4 ? 2 : 10, ipaddr: bytes, cidrMask: prefixLength }
  })
  return {
    publicKey: given.publicKey as Uint8Array,
    presharedKey: presharedKey === null ? new Uint8Array(32) : (presharedKey as Uint8Array),
    flags: flags === 0 ? undefined : flags,
    endpoint: sockaddr === undefined ? undefined : new Uint8Array(Buffer.from(sockaddr, 'hex')),
    persistentKeepaliveInterval: persistentKeepalive ?? undefined,
    allowedips: allowedips.length === 0 ? undefined : allowedips,
  }
}

const messages = <P>(packed: ReturnType<typeof packDevice<P>>): string[] =>
  Array.from(packed, ({ request }) => Buffer.from(request.bytes).toString('hex'))

describe('peerWriter', () => {
  it('writes the bytes that the declarations of the attributes give', () => {
    fc.assert(
      fc.property(fc.array(anyPeer, { maxLength: 30 }), (given) => {
        const peers = given.map((peer) => ({ ...peer, allowedIPs: peer.allowedIPs ?? [] }))
        const separate = peers.map((peer) => checkConfig({ peers: [peer] }).peers[0] as CheckedPeer)
        const config = { replacePeers: true, peers: separate }
        const straight = packDevice(FAMILY, toChange('wg0', config), peerWriter(scopeIndex))
        const records = given.map((peer, at) => toRecord(peer, separate[at] as CheckedPeer))
        const change = { ifname: 'wg0', flags: 1, peers: records }
        expect(messages(straight)).toEqual(messages(packDevice(FAMILY, change, recordWriter)))
      }),
    )
  })

  it('writes a removal, and a network that is taken away', () => {
    const peers = [
      { publicKey: new Uint8Array(32).fill(1), remove: true, updateOnly: true },
      {
        publicKey: new Uint8Array(32).fill(2),
        allowedIPs: [{ cidr: 'fd00::/64', remove: true }],
      },
    ]
    const change = toChange('wg0', checkConfig({ peers }))
    const records: WgPeer[] = [
      { publicKey: keyBytes(new Uint8Array(32).fill(1), 'key'), flags: 5 },
      {
        publicKey: keyBytes(new Uint8Array(32).fill(2), 'key'),
        allowedips: [{ family: 10, ipaddr: parseCidr('fd00::').bytes, cidrMask: 64, flags: 1 }],
      },
    ]
    expect(messages(packDevice(FAMILY, change, peerWriter()))).toEqual(
      messages(packDevice(FAMILY, { ifname: 'wg0', peers: records }, recordWriter)),
    )
  })

  it.each([true, false])(
    'repeats of a peer that is cut its key, and update-only: %s',
    (updateOnly) => {
      const allowedIPs = Array.from({ length: 4000 }, (_, at) => `10.0.${at >> 8}.${at & 255}/32`)
      const peer = {
        publicKey: new Uint8Array(32).fill(1),
        presharedKey: new Uint8Array(32).fill(2),
        endpoint: '127.0.0.1:1',
        persistentKeepalive: 5,
        updateOnly,
        replaceAllowedIPs: true,
        allowedIPs,
      }
      const checked = checkConfig({ peers: [peer] })
      const record = toRecord({ ...peer, endpoint: undefined }, checked.peers[0] as CheckedPeer)
      record.endpoint = new Uint8Array(Buffer.from('020000017f0000010000000000000000', 'hex'))
      const straight = messages(packDevice(FAMILY, toChange('wg0', checked), peerWriter()))
      expect(straight.length).toBeGreaterThan(1)
      expect(straight).toEqual(
        messages(packDevice(FAMILY, { ifname: 'wg0', peers: [record] }, recordWriter)),
      )
    },
  )

  it('refuses a scope that nobody knows', () => {
    const change = toChange(
      'wg0',
      checkConfig({
        peers: [{ publicKey: new Uint8Array(32).fill(1), endpoint: '[fe80::1%wlan9]:1' }],
      }),
    )
    expect(() => messages(packDevice(FAMILY, change, peerWriter(scopeIndex)))).toThrow('wlan9')
  })
})
