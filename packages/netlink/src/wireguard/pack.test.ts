import { describe, expect, it } from 'vitest'
import { attributes, find } from '../testing/bytes.js'
import { packDevice, type WgDeviceChange } from './pack.js'
import type { WgAllowedIp, WgPeer } from './peer-builder.js'
import { recordWriter } from './peer-writer.js'

const FAMILY = { id: 34, version: 1 }
const REMOVE_ME = 1
const REPLACE_ALLOWED_IPS = 2
const UPDATE_ONLY = 4

const keyOf = (index: number): Uint8Array => {
  const key = Buffer.alloc(32)
  key.writeUInt32BE(index + 1)
  return new Uint8Array(key)
}

const ipOf = (index: number): WgAllowedIp => {
  const address = Buffer.alloc(4)
  address.writeUInt32BE(index)
  return { family: 2, ipaddr: new Uint8Array(address), cidrMask: 32 }
}

const ipsOf = (count: number): WgAllowedIp[] => Array.from({ length: count }, (_, i) => ipOf(i))
const peersOf = (count: number, more: WgPeer = {}): WgPeer[] =>
  Array.from({ length: count }, (_, i) => ({ publicKey: keyOf(i), ...more }))

/** All that are near, and of the others one in 31. */
const countsTo = (last: number, isNear: (count: number) => boolean): number[] =>
  Array.from({ length: last }, (_, i) => i + 1).filter((count) => isNear(count) || count % 31 === 0)

/** Seconds of work: minutes on a machine that has others to do. */
const patient = { timeout: 300_000 }

interface Fragment {
  peer: number
  flags: number
  ips: number[]
  attributes: number[]
}

interface ReadMessage {
  bytes: number
  attributes: number[]
  fragments: Fragment[]
  completePeers: number
  firstPeer: number
  firstAllowedIp: number
}

/** What the kernel would read; fails on whatever it would refuse. */
function read(change: WgDeviceChange<WgPeer>): ReadMessage[] {
  const messages: ReadMessage[] = []
  for (const { request, completePeers, ...place } of packDevice(FAMILY, change, recordWriter)) {
    const bytes = Buffer.from(request.bytes)
    if (bytes.readUInt32LE(0) !== bytes.length) throw new Error('the message length lies')
    if (bytes.readUInt16LE(4) !== 34 || bytes[16] !== 1 || bytes[17] !== 1)
      throw new Error('header')
    const list = attributes(bytes.subarray(20))
    const sum = list.reduce((size, { payload }) => size + 4 + ((payload.length + 3) & ~3), 0)
    if (sum !== bytes.length - 20) throw new Error('attributes do not fill the message')
    messages.push({
      bytes: bytes.length,
      attributes: list.map(({ type }) => type),
      fragments: attributes(find(list, 8) ?? Buffer.alloc(0)).map(({ payload }) =>
        fragment(payload),
      ),
      completePeers,
      ...place,
    })
  }
  return messages
}

function fragment(payload: Buffer): Fragment {
  const list = attributes(payload)
  const ips = attributes(find(list, 9) ?? Buffer.alloc(0))
  return {
    peer: (find(list, 1) as Buffer).readUInt32BE(0) - 1,
    flags: find(list, 3)?.readUInt32LE(0) ?? 0,
    ips: ips.map(({ payload: ip }) => (find(attributes(ip), 2) as Buffer).readUInt32BE(0)),
    attributes: list.map(({ type }) => type),
  }
}

describe('packDevice', () => {
  it('sends one message for a change without peers', () => {
    expect(read({ ifname: 'wg0', fwmark: 0, flags: 1 })).toMatchObject([
      { attributes: [2, 5, 7], fragments: [], completePeers: 0, firstPeer: 0, firstAllowedIp: 0 },
    ])
    expect(read({ ifindex: 7 })).toMatchObject([{ attributes: [1] }])
  })

  it('sets NLA_F_NESTED on every nest', () => {
    const peers = [{ publicKey: keyOf(0), allowedips: [ipOf(1)] }]
    const packed = packDevice(FAMILY, { ifname: 'wg0', peers }, recordWriter).next().value
    const hex = Buffer.from(packed?.request.bytes ?? []).toString('hex')
    expect(hex).toContain('4c000880' + '48000080')
    expect(hex).toContain('20000980' + '1c000080')
  })

  it('loses no peer, at each number of them around a boundary and many between', patient, () => {
    // 48 bytes each: header 4, key 36, flags 8.
    const capacity = Math.floor(65_531 / 48)
    const all = peersOf(3000, { flags: UPDATE_ONLY })
    const nearBoundary = (count: number) => count < 120 || (count + 5) % capacity < 10
    for (const count of countsTo(3000, nearBoundary)) {
      const messages = read({ ifname: 'wg0', flags: 1, peers: all.slice(0, count) })
      const peers = messages.flatMap(({ fragments }) => fragments.map(({ peer }) => peer))
      if (peers.length !== count || peers.some((peer, i) => peer !== i)) {
        throw new Error(`${count} peers came out as ${peers.length}`)
      }
      let complete = 0
      for (const message of messages) {
        if (message.firstPeer !== complete) throw new Error(`${count}: first of a message`)
        complete += message.fragments.length
        if (message.completePeers !== complete) throw new Error(`${count}: completePeers`)
      }
    }
  })

  it('fills messages up to the last peer that fits', () => {
    const capacity = Math.floor(65_531 / 40)
    expect(read({ ifname: 'wg0', peers: peersOf(capacity) })).toHaveLength(1)
    const two = read({ ifname: 'wg0', peers: peersOf(capacity + 1) })
    expect(two.map(({ fragments }) => fragments.length)).toEqual([capacity, 1])
  })

  it('loses no allowed IP of one peer, at any number of them', patient, () => {
    const nearBoundary = (count: number) => count < 40 || count % 2339 > 2320
    for (const count of countsTo(5000, nearBoundary)) {
      const peer = { publicKey: keyOf(0), flags: REPLACE_ALLOWED_IPS, allowedips: ipsOf(count) }
      const messages = read({ ifname: 'wg0', peers: [peer] })
      const ips = messages.flatMap(({ fragments }) => fragments.flatMap((part) => part.ips))
      if (ips.length !== count || ips.some((ip, i) => ip !== i)) {
        throw new Error(`${count} allowed IPs came out as ${ips.length}`)
      }
    }
  })

  it.each([
    ['a port', { listenPort: 1 }, 6],
    ['a mark', { fwmark: 2 }, 7],
  ])(
    'sends the fields of the device, %s and replace-peers in the first message alone',
    (...one) => {
      const [, field, type] = one
      const device = { ifname: 'wg0', privateKey: keyOf(1), flags: 1, ...field }
      const [first, ...later] = read({ ...device, peers: peersOf(4000) })
      expect(first?.attributes).toEqual([2, 3, 5, type, 8])
      expect(later).toHaveLength(2)
      for (const message of later) expect(message.attributes).toEqual([2, 8])
    },
  )

  it('sends a port before a mark, which the kernel would keep when the port is refused', () => {
    const device = { ifname: 'wg0', privateKey: keyOf(1), flags: 1, listenPort: 1, fwmark: 2 }
    const messages = read({ ...device, peers: peersOf(1) })
    expect(messages.map(({ attributes }) => attributes)).toEqual([
      [2, 6],
      [2, 3, 5, 7, 8],
    ])
  })

  it('repeats of a peer that is cut only what each fragment needs', () => {
    const flags = REPLACE_ALLOWED_IPS | UPDATE_ONLY
    const peer: WgPeer = {
      publicKey: keyOf(0),
      presharedKey: keyOf(9),
      flags,
      endpoint: new Uint8Array(16),
      persistentKeepaliveInterval: 5,
      allowedips: ipsOf(5000),
    }
    const messages = read({ ifname: 'wg0', peers: [peer, { publicKey: keyOf(1) }] })
    const parts = messages.map(({ fragments }) => fragments[0] as Fragment)
    expect(parts.map((part) => part.flags)).toEqual([flags, UPDATE_ONLY, UPDATE_ONLY])
    expect(parts.map((part) => part.attributes)).toEqual([
      [1, 2, 3, 4, 5, 9],
      [1, 3, 9],
      [1, 3, 9],
    ])
    expect(messages.map(({ completePeers }) => completePeers)).toEqual([0, 0, 2])
    expect(messages.map(({ firstPeer }) => firstPeer)).toEqual([0, 0, 0])
    const counts = parts.map(({ ips }) => ips.length)
    expect(messages.map(({ firstAllowedIp }) => firstAllowedIp)).toEqual([
      0,
      counts[0],
      (counts[0] as number) + (counts[1] as number),
    ])
  })

  it('repeats remove-me in every fragment', () => {
    const peer = { publicKey: keyOf(0), flags: REMOVE_ME, allowedips: ipsOf(3000) }
    const parts = read({ ifname: 'wg0', peers: [peer] }).flatMap(({ fragments }) => fragments)
    expect(parts.map(({ flags }) => flags)).toEqual([REMOVE_ME, REMOVE_ME])
  })

  it('moves a peer that fits alone to a message of its own instead of cutting it', () => {
    const big = (index: number): WgPeer => ({ publicKey: keyOf(index), allowedips: ipsOf(1500) })
    const messages = read({ ifname: 'wg0', peers: [big(0), big(1), { publicKey: keyOf(2) }] })
    expect(
      messages.map(({ fragments }) => fragments.map(({ peer, ips }) => [peer, ips.length])),
    ).toEqual([
      [[0, 1500]],
      [
        [1, 1500],
        [2, 0],
      ],
    ])
  })

  it('keeps every message within what an attribute can be', () => {
    const peers = Array.from({ length: 300 }, (_, i) => ({
      publicKey: keyOf(i),
      allowedips: ipsOf((i * 37) % 700),
    }))
    const messages = read({ ifname: 'wg0', peers })
    for (const { bytes } of messages) expect(bytes).toBeLessThanOrEqual(20 + 8 + 65_536)
    expect(messages.flatMap(({ fragments }) => fragments.map(({ peer }) => peer))).toEqual(
      peers.map((_, i) => i),
    )
  })

  it('leaves no secret behind', () => {
    const views = []
    const change = { ifname: 'wg0', privateKey: keyOf(4) }
    for (const { request } of packDevice(FAMILY, change, recordWriter)) {
      views.push(request.bytes)
      expect(request.bytes.some((byte) => byte !== 0)).toBe(true)
    }
    for (const view of views) expect(view.every((byte) => byte === 0)).toBe(true)
  })
})
