import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PeerConfig } from './config.js'
import { ExpectedPeers, hasSameFields, isPlainPeer, PeerComparison } from './expected-peers.js'
import { formatPublicKey, SecretKey } from './key.js'
import { runAtOnce } from './steps.js'

const bytesOf = (fill: number): Uint8Array => new Uint8Array(32).fill(fill)
const key = (fill: number): string => formatPublicKey(bytesOf(fill))

/** The words of a key, behind some others. */
const wordsOf = (fill: number): Int32Array =>
  new Int32Array(Uint8Array.from([...bytesOf(0), ...bytesOf(fill)]).buffer)

const compare = (peers: readonly PeerConfig[]): PeerComparison =>
  new PeerComparison(runAtOnce(ExpectedPeers.from(peers)))

describe('PeerComparison', () => {
  const peers = [1, 2, 3, 4].map((fill) => ({ publicKey: key(fill) }))

  it('finds peers by the bytes of their keys, in any order', () => {
    const comparison = compare(peers)
    for (const fill of [1, 2, 4, 3, 1]) {
      expect(comparison.begin(wordsOf(fill), 8)).toBe(peers[fill - 1])
    }
    expect(comparison.begin(wordsOf(5), 8)).toBeUndefined()
    expect(comparison.begin(wordsOf(0), 8)).toBeUndefined()
  })

  it('notes those that are kept, until it begins anew', () => {
    const comparison = compare(peers)
    comparison.begin(wordsOf(3), 8)
    comparison.begin(wordsOf(2), 8)
    comparison.keep()
    expect([...comparison.unchanged]).toEqual([0, 1, 0, 0])
    comparison.restart()
    expect([...comparison.unchanged]).toEqual([0, 0, 0, 0])
  })

  it('does not expect a peer that is in the list twice, or three times', () => {
    const comparison = compare([1, 2, 2, 3, 2].map((fill) => ({ publicKey: key(fill) })))
    expect(comparison.begin(wordsOf(1), 8)).toBeDefined()
    expect(comparison.begin(wordsOf(2), 8)).toBeUndefined()
    expect(comparison.begin(wordsOf(3), 8)).toBeDefined()
  })

  it.each<[string, unknown]>([
    ['no object', null],
    ['no object', 'peer'],
    ['no key', { publicKey: 'no key' }],
    ['no key', {}],
    ['a key in bytes', { publicKey: bytesOf(2) }],
    ['a removal', { publicKey: key(2), remove: true }],
    ['a change of what is there', { publicKey: key(2), updateOnly: true }],
    ['a change of networks', { publicKey: key(2), replaceAllowedIPs: false }],
    ['no networks', { publicKey: key(2), allowedIPs: '10.0.0.0/8' }],
    ['more networks than at a glance', { publicKey: key(2), allowedIPs: Array(5001).fill('a') }],
    ['lines for a daemon', { publicKey: key(2), extra: {} }],
    ['a word that there is not', { publicKey: key(2), presharedkey: key(3) }],
  ])('does not expect what is %s', (_, other) => {
    const comparison = compare([{ publicKey: key(1) }, other as PeerConfig])
    expect(comparison.begin(wordsOf(2), 8)).toBeUndefined()
    expect(comparison.begin(wordsOf(1), 8)).toBeDefined()
  })

  it('has room for as many as there are', () => {
    const many = Array.from({ length: 3000 }, (_, at) => {
      const bytes = bytesOf(7)
      new DataView(bytes.buffer).setUint32(at % 29, at)
      return bytes
    })
    const list = many.map((bytes) => ({ publicKey: formatPublicKey(bytes) }))
    const comparison = compare(list)
    const times = new Map<string, number>()
    for (const peer of list) times.set(peer.publicKey, (times.get(peer.publicKey) ?? 0) + 1)
    for (const [at, bytes] of many.entries()) {
      const found = comparison.begin(new Int32Array(bytes.buffer), 0)
      const isOnce = times.get(list[at]?.publicKey ?? '') === 1
      expect(found).toBe(isOnce ? list[at] : undefined)
    }
  })
})

describe('isPlainPeer', () => {
  it('takes what a peer is made of, and nulls', () => {
    const peer = { publicKey: key(1), presharedKey: null, persistentKeepalive: null }
    expect(isPlainPeer({ ...peer, replaceAllowedIPs: true, allowedIPs: [] })).toBe(true)
    expect(isPlainPeer({ ...peer, endpoint: undefined, allowedIPs: undefined })).toBe(true)
  })
})

describe('hasSameFields', () => {
  const none = bytesOf(0)

  it('takes absent and null for 0 and for no key', () => {
    expect(hasSameFields({ publicKey: key(1) }, 0, none, 0)).toBe(true)
    const cleared = { publicKey: key(1), persistentKeepalive: null, presharedKey: null }
    expect(hasSameFields(cleared, 0, none, 0)).toBe(true)
    expect(hasSameFields(cleared, 25, none, 0)).toBe(false)
    expect(hasSameFields(cleared, 0, bytesOf(9), 0)).toBe(false)
  })

  it('takes a range for another keepalive', () => {
    const peer = { publicKey: key(1), persistentKeepaliveRange: '5-9', persistentKeepalive: 5 }
    expect(hasSameFields(peer, 5, none, 0)).toBe(false)
  })
})

describe('SecretKey.isAt', () => {
  const anyKey = fc.uint8Array({ minLength: 32, maxLength: 32 })

  it('is true of the same bytes, as text and as a secret, wherever they stand', () => {
    fc.assert(
      fc.property(anyKey, fc.nat(9), (bytes, at) => {
        fc.pre(bytes.some((byte) => byte !== 0))
        const message = new Uint8Array(at + 40)
        message.set(bytes, at)
        expect(SecretKey.isAt(formatPublicKey(bytes), message, at)).toBe(true)
        expect(SecretKey.isAt(SecretKey.from(bytes), message, at)).toBe(true)
        expect(SecretKey.isAt(undefined, message, at)).toBe(false)
        expect(SecretKey.isAt(null, message, at)).toBe(false)
      }),
    )
  })

  it('is false where a bit is another, and of any other letter', () => {
    fc.assert(
      fc.property(
        anyKey,
        fc.nat(255),
        fc.nat(43),
        fc.string({ minLength: 1, maxLength: 1 }),
        (bytes, bit, place, letter) => {
          fc.pre(bytes.some((byte) => byte !== 0))
          const text = formatPublicKey(bytes)
          const other = Uint8Array.from(bytes)
          other[bit >> 3] = (other[bit >> 3] as number) ^ (1 << (bit & 7))
          expect(SecretKey.isAt(text, other, 0)).toBe(false)
          expect(SecretKey.isAt(SecretKey.from(bytes), other, 0)).toBe(false)
          const changed = text.slice(0, place) + letter + text.slice(place + 1)
          expect(SecretKey.isAt(changed, bytes, 0)).toBe(changed === text)
        },
      ),
      { numRuns: 200 },
    )
  })

  it('is true of none alone where zeros stand', () => {
    const zeros = bytesOf(0)
    expect(SecretKey.isAt(undefined, zeros, 0)).toBe(true)
    expect(SecretKey.isAt(null, zeros, 0)).toBe(true)
    expect(SecretKey.isAt(key(0), zeros, 0)).toBe(false)
    expect(SecretKey.isAt(SecretKey.from(zeros), zeros, 0)).toBe(false)
  })

  it('is false of what was wiped, of bytes, and of what is no key', () => {
    const wiped = SecretKey.from(bytesOf(3))
    wiped.wipe()
    for (const given of [wiped, bytesOf(3), '', 'no key', 7, {}, Symbol('key')]) {
      expect(SecretKey.isAt(given as string, bytesOf(3), 0)).toBe(false)
    }
  })
})
