import { readFileSync } from 'node:fs'
import { generatePrivateKey, publicKey } from '@wgctrl/types'
import { MemoryBackend } from '@wgctrl/types/testing'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { INITIATION_LENGTH, type OpenedInitiation, Responder, requireNoise } from './noise.js'
import { tai64nDate } from './tai64n.js'
import { FakePackets } from './testing/fake-packets.js'

interface KeyPair {
  readonly privateKey: string
  readonly publicKey: string
}

/** What test/events/capture-initiations.mjs took from real devices. */
interface Captured {
  readonly by: string
  readonly initiator: KeyPair
  readonly responder: KeyPair
  readonly sentAfter: number
  readonly sentBefore: number
  readonly message: string
}

const vectors = new URL('../../../../test/vectors/initiations.json', import.meta.url)
const captured: Captured[] = JSON.parse(readFileSync(vectors, 'utf8'))
const first = captured[0] as Captured
const message = Buffer.from(first.message, 'hex')
const responder = new Responder(first.responder.privateKey)

/** As the pipeline has it: nothing is opened that has no mac1. */
const accept = (by: Responder, bytes: Uint8Array): OpenedInitiation | undefined =>
  by.hasMac1(bytes) ? by.open(bytes) : undefined

/** How coarse kernel and wireguard-go make their timestamps: 2^24 nanoseconds. */
const WHITENING = 17

describe('Responder', () => {
  it('has captures of both kinds of device', () => {
    const makers = new Set(captured.map(({ by }) => by.split(' ')[0]))
    expect([...makers].sort()).toEqual(['Linux', 'wireguard-go'])
  })

  it.each(captured)('opens what $by sent', (vector) => {
    const by = new Responder(vector.responder.privateKey)
    expect(by.publicKey).toBe(vector.responder.publicKey)
    const opened = accept(by, Buffer.from(vector.message, 'hex'))
    expect(opened?.publicKey).toBe(vector.initiator.publicKey)
    const sent = tai64nDate(opened?.timestamp as Uint8Array).getTime()
    expect(sent).toBeGreaterThanOrEqual(vector.sentAfter - WHITENING)
    expect(sent).toBeLessThanOrEqual(vector.sentBefore)
  })

  it.each(captured)('leaves what $by sent to somebody else alone', (vector) => {
    const other = new Responder(generatePrivateKey())
    const bytes = Buffer.from(vector.message, 'hex')
    expect(other.hasMac1(bytes)).toBe(false)
    expect(other.open(bytes)).toBeUndefined()
  })

  it('refuses a message with any bit in front of mac2 flipped', () => {
    for (let bit = 0; bit < 132 * 8; bit++) {
      const forged = Buffer.from(message)
      forged[bit >> 3] = (forged[bit >> 3] as number) ^ (1 << (bit & 7))
      expect(responder.hasMac1(forged), `bit ${bit}`).toBe(false)
    }
  })

  it('refuses what is encrypted with any bit flipped, also when mac1 is right', () => {
    for (let bit = 8 * 8; bit < 116 * 8; bit++) {
      const forged = Buffer.from(message)
      forged[bit >> 3] = (forged[bit >> 3] as number) ^ (1 << (bit & 7))
      expect(responder.open(forged), `bit ${bit}`).toBeUndefined()
    }
  })

  it('does not look at mac2, which only the device can check', () => {
    const withCookie = Buffer.from(message).fill(0xaa, 132)
    expect(accept(responder, withCookie)?.publicKey).toBe(first.initiator.publicKey)
  })

  it('refuses a message without mac1', () => {
    expect(responder.hasMac1(Buffer.from(message).fill(0, 116, 132))).toBe(false)
  })

  it('refuses every other length', () => {
    for (let length = 0; length < INITIATION_LENGTH; length++) {
      expect(responder.hasMac1(message.subarray(0, length))).toBe(false)
    }
    expect(responder.hasMac1(Buffer.concat([message, Buffer.alloc(1)]))).toBe(false)
  })

  it('refuses ephemeral keys of low order', () => {
    for (const start of ['00', '01', 'ecffff']) {
      const point = Buffer.alloc(32, start.length > 2 ? 0xff : 0)
      point.set(Buffer.from(start, 'hex'))
      if (start.length > 2) point[31] = 0x7f
      const forged = Buffer.from(message)
      forged.set(point, 8)
      expect(responder.open(forged)).toBeUndefined()
    }
  })

  it('takes random bytes for nothing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(responder.hasMac1(bytes)).toBe(false)
      }),
    )
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 148, maxLength: 148 }), (bytes) => {
        expect(responder.open(bytes)).toBeUndefined()
      }),
    )
  })

  it('opens what our own initiator seals', async () => {
    const { sealInitiation } = await import('./testing/seal.js')
    const privateKey = generatePrivateKey()
    const sealed = sealInitiation(privateKey, responder.publicKey, new Date(1_700_000_000_123))
    const opened = accept(responder, sealed)
    expect(opened?.publicKey).toBe(publicKey(privateKey))
    expect(tai64nDate(opened?.timestamp as Uint8Array)).toEqual(new Date(1_700_000_000_123))
  })
})

describe('tai64nDate', () => {
  it.each([
    ['400000000000000a00000000', '1970-01-01T00:00:00.000Z'],
    ['400000002a2b2c2d3b9ac9ff', '1992-06-02T08:06:59.999Z'],
    ['ffffffffffffffffffffffff', '+275760-09-13T00:00:00.000Z'],
    ['000000000000000000000000', '-271821-04-20T00:00:00.000Z'],
  ])('reads %s', (hex, date) => {
    expect(tai64nDate(Buffer.from(hex, 'hex')).toISOString()).toBe(date)
  })
})

describe('requireNoise', () => {
  it('passes on this runtime', () => {
    requireNoise()
  })

  it.each(['createDecipheriv', 'createPublicKey'])(
    'refuses one without %s of its kind',
    async (call) => {
      vi.resetModules()
      vi.doMock('node:crypto', async (importOriginal) => ({
        ...(await importOriginal<typeof import('node:crypto')>()),
        [call]: () => {
          throw Object.assign(new Error('Unknown cipher'), { code: 'ERR_CRYPTO_UNKNOWN_CIPHER' })
        },
      }))
      const { requireNoise } = await import('./noise.js')
      expect(requireNoise).toThrow(
        expect.objectContaining({ code: 'EUNSUPPORTED', feature: 'handshakes' }),
      )
      vi.doUnmock('node:crypto')
    },
  )
})

describe('practise', () => {
  it('has read messages of nobody before anybody listens, once in a process', async () => {
    vi.resetModules()
    const { Responder: Fresh } = await import('./noise.js')
    const { Handshakes } = await import('./handshakes.js')
    const open = vi.spyOn(Fresh.prototype, 'open')
    const backend = new MemoryBackend()
    await backend.create('wg0')
    await backend.configure('wg0', { privateKey: generatePrivateKey() })
    const read = async () => await backend.device('wg0')
    const opened: number[] = []
    const openPackets = async () => {
      opened.push(open.mock.calls.length)
      return new FakePackets()
    }
    for (let count = 0; count < 2; count++) {
      const handshakes = new Handshakes({ read, openPackets }, 'wg0')
      await handshakes.start()
      await handshakes.return()
    }
    expect(opened[0]).toBeGreaterThan(0)
    expect(opened).toEqual([opened[0], opened[0]])
    expect(open.mock.results.every(({ value }) => value === undefined)).toBe(true)
  })
})
