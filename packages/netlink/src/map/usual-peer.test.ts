import { formatAddress, type Peer, type PeerActivity, SecretKey } from '@wgctrl/types'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { attr, nested, u8, u16, u32, u64 } from '../testing/bytes.js'
import { recording } from '../vectors.fixture.js'
import { Coalescer } from '../wireguard/coalescer.js'
import { activityBuilder, peerBuilder } from './device.js'
import { attributes, element, peersIn, plain } from './peers.fixture.js'
import { usualActivity } from './usual-activity.js'
import { usualPeer } from './usual-peer.js'

const { usual: _, ...tables } = peerBuilder

/** Reads also the first peers of a dump at a glance, where it can. */
const atAGlance: typeof peerBuilder = {
  ...tables,
  peer: (bytes, start, end, slots, unknown) =>
    usualPeer(bytes, start, end) ?? tables.peer(bytes, start, end, slots, unknown),
}

/** What a message with one peer is read as. */
function read(builder: typeof peerBuilder, peer: Buffer): unknown {
  const message = Buffer.concat([attr(2, Buffer.from('wg0\0')), nested(8, element(peer))])
  const coalescer = new Coalescer(builder)
  const peers: Peer[] = []
  try {
    coalescer.take(message, 0, message.length, peers)
    coalescer.finish(peers)
  } catch (error) {
    return String(error)
  }
  return { unknown: coalescer.unknown, peers: peers.map(shown) }
}

/** With the bytes of its secret, and the order of its fields. */
const shown = (peer: Peer): unknown => ({
  ...peer,
  presharedKey: peer.presharedKey?.toBase64(),
  fields: Object.keys(peer),
})

describe('usualActivity', () => {
  it('reads of a peer what the tables read, and nothing else', () => {
    const changed = fc.tuple(attributes, fc.option(fc.tuple(fc.nat(), fc.nat(255))))
    fc.assert(
      fc.property(changed, ([list, change]) => {
        const peer = Buffer.concat(list)
        if (change) peer[change[0] % peer.length] = change[1]
        const made = usualActivity(peer, 0, peer.length)
        if (made === undefined) return
        const whole = usualPeer(peer, 0, peer.length)
        // Where only networks or the endpoint are of another form there is no whole peer at a glance.
        if (whole === undefined) return
        const { publicKey, receivedBytes, transmittedBytes, lastHandshake } = whole
        const activity = { publicKey, receivedBytes, transmittedBytes }
        expect(made).toStrictEqual(lastHandshake ? { ...activity, lastHandshake } : activity)
      }),
      { numRuns: 400 },
    )
  })

  it('is made of the first peers by the tables, and of others at a glance, alike', () => {
    const keys = Array.from({ length: 100 }, (_, at) => Buffer.alloc(32, at + 1))
    const rest = [...plain.slice(1, 2), attr(6, u64(5n), u64(6n)), ...plain.slice(3)]
    const list = keys.map((key) => element(Buffer.concat([attr(1, key), ...rest])))
    const dump = nested(8, ...list)
    const { usual, ...tables } = activityBuilder
    const results = [activityBuilder, tables].map((builder) => {
      const coalescer = new Coalescer(builder)
      const peers: PeerActivity[] = []
      coalescer.take(dump, 0, dump.length, peers)
      coalescer.finish(peers)
      return peers
    })
    expect(results[0]).toHaveLength(100)
    expect(results[0]).toStrictEqual(results[1])
    expect(results[0]?.[99]).toStrictEqual({
      publicKey: Buffer.alloc(32, 100).toString('base64'),
      receivedBytes: 0,
      transmittedBytes: 0,
      lastHandshake: new Date(5000),
    })
    expect(usual).toBe(usualActivity)
  })
})

describe('usualPeer', () => {
  it('reads what the tables read, whatever the kernel writes in its order', () => {
    fc.assert(
      fc.property(attributes, (list) => {
        const peer = Buffer.concat(list)
        expect(read(atAGlance, peer)).toEqual(read(tables, peer))
      }),
      { numRuns: 400 },
    )
  })

  it('leaves to the tables what stands in another order, is missing, twice or unknown', () => {
    const anyhow = attributes.chain((list) =>
      fc.shuffledSubarray([...list, attr(77, u32(1)), attr(5, u16(9)), attr(3, u32(0))], {
        minLength: list.length - 2,
      }),
    )
    fc.assert(
      fc.property(anyhow, (list) => {
        const peer = Buffer.concat(list)
        expect(read(atAGlance, peer)).toEqual(read(tables, peer))
      }),
      { numRuns: 400 },
    )
  })

  it('agrees with the tables on bytes that were changed anywhere, or cut', () => {
    const changed = fc.tuple(
      attributes,
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 }),
      fc.nat(40),
    )
    fc.assert(
      fc.property(changed, ([list, changes, cut]) => {
        const peer = Buffer.concat(list)
        for (const [at, value] of changes) peer[at % peer.length] = value
        const short = cut > 30 ? peer.subarray(0, peer.length - (cut - 30) * 4) : peer
        expect(read(atAGlance, short)).toEqual(read(tables, short))
      }),
      { numRuns: 800 },
    )
  })

  it('reads the bytes of a real kernel, and is what reads them', () => {
    let read = 0
    for (const datagram of recording('get wg0').replies) {
      for (const peer of peersIn(datagram)) {
        const aligned = Buffer.from(peer)
        const made = usualPeer(aligned, 0, aligned.length)
        expect(made).toBeDefined()
        read++
      }
    }
    expect(read).toBeGreaterThan(1)
  })

  it('is used for all but the first peers of a dump, with the same result', () => {
    const keys = Array.from({ length: 100 }, (_, at) => Buffer.alloc(32, at + 1))
    const list = keys.map((key) => element(Buffer.concat([attr(1, key), ...plain.slice(1)])))
    const dump = nested(8, ...list)
    let glances = 0
    const counted = {
      ...peerBuilder,
      usual: (...at: Parameters<typeof usualPeer>) => {
        glances++
        return usualPeer(...at)
      },
    }
    const results = [counted, tables].map((builder) => {
      const coalescer = new Coalescer(builder)
      const peers: Peer[] = []
      coalescer.take(dump, 0, dump.length, peers)
      coalescer.finish(peers)
      return peers.map(shown)
    })
    expect(results[0]).toHaveLength(100)
    expect(results[0]).toEqual(results[1])
    expect(glances).toBeGreaterThan(50)
    expect(glances).toBeLessThan(100)
  })

  it('reads a peer with more networks than one piece of text holds', () => {
    const networks = Array.from({ length: 500 }, (_, at) =>
      element(
        Buffer.concat([
          attr(3, u8(32)),
          attr(1, u16(2)),
          attr(2, Buffer.of(10, 9, at >> 8, at & 255)),
        ]),
      ),
    )
    const peer = Buffer.concat([...plain, nested(9, ...networks)])
    const { allowedIPs = [] } = usualPeer(peer, 0, peer.length) ?? {}
    expect(allowedIPs).toHaveLength(500)
    expect(allowedIPs[499]).toBe(`${formatAddress(4, Buffer.of(10, 9, 1, 243))}/32`)
  })

  it('gives each peer a secret of its own', () => {
    const first = Buffer.concat(plain)
    const one = usualPeer(first, 0, first.length)
    first.fill(7, 40, 72)
    const other = usualPeer(first, 0, first.length)
    expect(one?.presharedKey).toBeInstanceOf(SecretKey)
    expect(other?.presharedKey?.equals(Buffer.alloc(32, 7))).toBe(true)
    expect(one?.presharedKey?.equals(Buffer.alloc(32, 2))).toBe(true)
  })
})
