import { generatePrivateKey, publicKey, WireGuardError } from '@wgctrl/types'
import { FakeDevice, MemoryBackend } from '@wgctrl/types/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { SharedReader } from '../watch/shared-reader.js'
import { type HandshakeOptions, Handshakes, type Initiation } from './handshakes.js'
import { FakePackets } from './testing/fake-packets.js'
import { ipv4Packet, ipv6Packet } from './testing/packets.js'
import { disguised, sealInitiation, stampMac1 } from './testing/seal.js'

const PORT = 51_820
const gatewayKey = generatePrivateKey()
const gateway = publicKey(gatewayKey)
const clientKey = generatePrivateKey()
const client = publicKey(clientKey)

let backend: MemoryBackend
let packets: FakePackets
let handshakes: Handshakes

const listen = (options: HandshakeOptions = {}): Handshakes => {
  const reader = new SharedReader((name, call) => backend.device(name, call))
  handshakes = new Handshakes(
    {
      read: async (name, reading) => (await reader.reading(name, reading)).device,
      openPackets: async () => packets,
    },
    'wg0',
    { interval: 10, ...options },
  )
  return handshakes
}

/** Sends an initiation of a client. */
const knock = (key = clientKey, at = new Date(), port = PORT): boolean =>
  packets.send(ipv4Packet({ payload: sealInitiation(key, gateway, at), port }))

const often = { perSource: { perSecond: 1e6, burst: 1e6 }, overall: { perSecond: 1e6, burst: 1e6 } }

const nextOf = async (from: Handshakes): Promise<Initiation | undefined> =>
  (await from.next()).value ?? undefined

const until = async (isTrue: () => boolean): Promise<void> => {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 2))
}

beforeEach(async () => {
  backend = new MemoryBackend()
  packets = new FakePackets()
  await backend.create('wg0')
  await backend.configure('wg0', { privateKey: gatewayKey, listenPort: PORT })
})

afterEach(async () => {
  await handshakes?.return()
  expect(packets.isClosed).toBe(true)
})

describe('Handshakes', () => {
  it('tells who knocks, from where and when, and whether the device knows them', async () => {
    await listen(often).start()
    knock(clientKey, new Date(1_700_000_000_000))
    expect(await nextOf(handshakes)).toEqual({
      publicKey: client,
      endpoint: { address: '127.0.0.1', port: 51_821, family: 4 },
      timestamp: new Date(1_700_000_000_000),
      known: false,
    })
    await backend.configure('wg0', { peers: [{ publicKey: client }] })
    const from = [0x20, 1, ...Array<number>(14).fill(3)]
    let told: Initiation | undefined
    do {
      packets.send(ipv6Packet({ payload: sealInitiation(clientKey, gateway), from }))
      told = await nextOf(handshakes)
    } while (told?.known === false)
    expect(told).toMatchObject({
      endpoint: { address: '2001:303:303:303:303:303:303:303', family: 6 },
      known: true,
    })
    const { received, delivered } = handshakes.counters
    expect([delivered >= 2, received]).toEqual([true, delivered])
  })

  it('hears those of AmneziaWG, whatever its parameters become', async () => {
    const key = Buffer.alloc(32, 9)
    const knockDisguised = (type: number, padding: number, protection?: Uint8Array): boolean => {
      const message = sealInitiation(clientKey, gateway, new Date(), type)
      return packets.send(ipv4Packet({ payload: disguised(message, padding, protection) }))
    }
    await backend.configure('wg0', { amnezia: { s1: 15, h1: '70000-70099' } })
    await listen(often).start()
    expect(knockDisguised(70_042, 15)).toBe(true)
    expect(await nextOf(handshakes)).toMatchObject({ publicKey: client })
    expect([knock(), knockDisguised(70_042, 14), knockDisguised(800_000, 15)]).toEqual([
      false,
      false,
      false,
    ])
    const changes = [
      [{ h1: 5 }, () => knockDisguised(5, 15)],
      [{ s1: 12, headerProtectionKey: key }, () => knockDisguised(5, 12, key)],
      // As a packet socket may find it when the kernel module was there before.
      [{ h1: 6 }, () => knockDisguised(6, 12)],
      [{ headerProtectionKey: null, s1: 0, h1: null }, knock],
    ] as const
    for (const [amnezia, knockAnew] of changes) {
      const { armed } = packets
      await backend.configure('wg0', { amnezia })
      await until(() => packets.armed > armed)
      expect(knockAnew()).toBe(true)
      expect(await nextOf(handshakes)).toMatchObject({ publicKey: client })
    }
    await backend.configure('wg0', { amnezia: { headerProtectionKey: key, s1: 12 } })
    const { badMac } = handshakes.counters
    await until(() => knockDisguised(1, 12, Buffer.alloc(32, 8)))
    await until(() => handshakes.counters.badMac > badMac)
  })

  it('does not begin where initiations may have any length', async () => {
    await backend.configure('wg0', { amnezia: { randomTrailers: true } })
    const refusal = { code: 'EUNSUPPORTED', feature: 'handshakes' }
    await expect(listen().start()).rejects.toMatchObject(refusal)
    await packets.close()
  })

  it('counts everything that it drops, by reason, and tells of none', async () => {
    await listen({ perSource: { perSecond: 0.001, burst: 4 } }).start()
    const at = new Date()
    const good = sealInitiation(clientKey, gateway, at)
    const noMac = Buffer.from(good).fill(0, 116)
    const forged = stampMac1(Buffer.from(good).fill(9, 60, 70).subarray(0, 116), gateway)
    const older = sealInitiation(clientKey, gateway, new Date(at.getTime() - 1))
    for (const payload of [good, noMac, forged, good, older, good, good]) {
      expect(packets.send(ipv4Packet({ payload }))).toBe(true)
    }
    expect(packets.send(ipv4Packet({ payload: good.subarray(1) }))).toBe(false)
    const counted = {
      received: 7,
      delivered: 1,
      malformed: 0,
      badMac: 1,
      sourceLimited: 2,
      limited: 0,
      undecryptable: 1,
      replayed: 2,
      queueFull: 0,
      noKey: 0,
      overrun: 0,
    }
    await vi.waitFor(() => expect(handshakes.counters).toEqual(counted))
  })

  it('decrypts no more than its share of all sources together', async () => {
    await listen({ overall: { perSecond: 0.001, burst: 2 } }).start()
    for (let source = 1; source <= 5; source++) {
      const payload = sealInitiation(generatePrivateKey(), gateway)
      packets.send(ipv4Packet({ payload, from: [10, 0, 0, source] }))
    }
    const counted = { received: 5, delivered: 2, limited: 3 }
    await vi.waitFor(() => expect(handshakes.counters).toMatchObject(counted))
  })

  it('decrypts what comes at once in its turn, as many as may be in two seconds', async () => {
    await listen({ overall: { perSecond: 4, burst: 1 } }).start()
    const keys = Array.from({ length: 12 }, generatePrivateKey)
    const sealed = keys.map((key) => sealInitiation(key, gateway))
    for (const [source, payload] of sealed.entries()) {
      packets.send(ipv4Packet({ payload, from: [10, 0, 1, source] }))
    }
    const heard: string[] = []
    for (let count = 0; count < 9; count++) {
      heard.push((await handshakes.next()).value?.publicKey ?? '')
    }
    expect(heard).toEqual(keys.slice(0, 9).map((key) => publicKey(key)))
    // One at once, and eight that may wait; on a machine that is slow others' turns come before they are there.
    expect(handshakes.counters.limited).toBeLessThanOrEqual(3)
  })

  it('counts what still waited for its turn when it ends', async () => {
    await listen({ overall: { perSecond: 1, burst: 1 } }).start()
    const sealed = Array.from({ length: 50 }, () => sealInitiation(generatePrivateKey(), gateway))
    for (const [source, payload] of sealed.entries()) {
      packets.send(ipv4Packet({ payload, from: [10, 0, 1, source] }))
    }
    await until(() => handshakes.counters.received === 50)
    expect(handshakes.counters.limited).toBeGreaterThan(0)
    await handshakes.return()
    const { delivered, limited } = handshakes.counters
    expect(delivered + limited).toBe(50)
  })

  it('reads a packet with the key that the device has by now', async () => {
    await listen({ ...often, interval: 60_000 }).start()
    const otherKey = generatePrivateKey()
    await backend.configure('wg0', { privateKey: otherKey })
    const payload = sealInitiation(clientKey, publicKey(otherKey), new Date())
    packets.send(ipv4Packet({ payload }))
    expect(await nextOf(handshakes)).toMatchObject({ publicKey: client })
    expect(handshakes.counters).toMatchObject({ received: 1, delivered: 1, badMac: 0 })
  })

  it('looks at the device no oftener than ten times a second, whatever packets come', async () => {
    const device = vi.spyOn(backend, 'device')
    await listen({ ...often, interval: 60_000 }).start()
    const start = performance.now()
    const payload = sealInitiation(clientKey, publicKey(generatePrivateKey()), new Date())
    while (performance.now() - start < 300 || handshakes.counters.badMac < 20) {
      packets.send(ipv4Packet({ payload }))
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    const most = 2 + (performance.now() - start) / 100
    expect(device.mock.calls.length).toBeLessThanOrEqual(most)
  })

  it('ends at once when it is aborted while the device does not answer', async () => {
    const reading = vi.spyOn(backend, 'device').mockImplementation(
      (_, options) =>
        new Promise((_resolve, reject) => {
          options?.signal?.addEventListener('abort', () => reject(options.signal?.reason))
        }),
    )
    const controller = new AbortController()
    const next = listen({ signal: controller.signal }).next()
    const started = handshakes.start()
    controller.abort('enough')
    const aborted = { name: 'AbortError', code: 'ABORT_ERR', cause: 'enough' }
    await expect(next).rejects.toMatchObject(aborted)
    await expect(started).rejects.toMatchObject(aborted)
    expect(reading).toHaveBeenCalledOnce()
    expect(await handshakes.next()).toEqual({ done: true, value: undefined })
    const ended = new Handshakes({ read: () => new Promise(() => {}) }, 'wg0')
    const waiting = ended.next()
    await expect(listen({ signal: AbortSignal.abort('before') }).next()).rejects.toMatchObject({
      code: 'ABORT_ERR',
      cause: 'before',
    })
    packets.isClosed = true
    void ended.return()
    expect(await waiting).toEqual({ done: true, value: undefined })
  })

  it('drops what a slow consumer leaves no room for', async () => {
    await listen({ queue: 2 }).start()
    for (let count = 0; count < 4; count++) knock(generatePrivateKey())
    const counted = { received: 4, delivered: 2, queueFull: 2 }
    await vi.waitFor(() => expect(handshakes.counters).toMatchObject(counted))
  })

  it('follows the device to another port', async () => {
    await listen().start()
    await backend.configure('wg0', { listenPort: PORT + 1 })
    await until(() => packets.armed === 2)
    expect(knock()).toBe(false)
    expect(knock(clientKey, new Date(), PORT + 1)).toBe(true)
    expect(await nextOf(handshakes)).toMatchObject({ publicKey: client })
  })

  it('follows the device to another key, and to none', async () => {
    await listen(often).start()
    const other = generatePrivateKey()
    await backend.configure('wg0', { privateKey: other })
    const payload = sealInitiation(clientKey, publicKey(other))
    await until(() => {
      packets.send(ipv4Packet({ payload }))
      return handshakes.counters.delivered === 1
    })
    expect(await nextOf(handshakes)).toMatchObject({ publicKey: client })
    const before = handshakes.counters.badMac
    knock()
    await until(() => handshakes.counters.badMac === before + 1)
    await backend.configure('wg0', { privateKey: null })
    await until(() => knock() && handshakes.counters.noKey > 0)
    expect(handshakes.counters.delivered).toBe(1)
  })

  it('waits for a device that went away', async () => {
    await listen().start()
    const device = backend.devices.get('wg0') as FakeDevice
    backend.devices.clear()
    await until(() => packets.armed === 2)
    expect(knock()).toBe(false)
    backend.devices.set('wg0', device)
    await until(() => packets.armed === 3)
    knock()
    expect(await nextOf(handshakes)).toMatchObject({ publicKey: client })
  })

  it('passes over a device that cannot be read for a while', async () => {
    await listen().start()
    backend.fail('device', new WireGuardError('busy', { code: 'EINTR' }))
    await new Promise((resolve) => setTimeout(resolve, 30))
    knock()
    expect(await nextOf(handshakes)).toMatchObject({ publicKey: client })
  })

  it('ends with what the packets end with', async () => {
    await listen().start()
    const next = handshakes.next()
    packets.take = () => {
      throw new Error('broken')
    }
    knock()
    await expect(next).rejects.toThrow('broken')
  })

  it('ends when it is aborted, and by leaving the loop', async () => {
    const controller = new AbortController()
    const next = listen({ signal: controller.signal }).next()
    await new Promise((resolve) => setTimeout(resolve, 20))
    controller.abort()
    await expect(next).rejects.toMatchObject({ name: 'AbortError' })
    expect(await handshakes.next()).toEqual({ done: true, value: undefined })
    packets = new FakePackets()
    const loop = (async () => {
      for await (const { publicKey: key } of listen()) return key
      return undefined
    })()
    await until(() => packets.armed === 1)
    knock()
    expect(await loop).toBe(client)
  })
})

describe('Handshakes without what it needs', () => {
  it('says that there is no such device, and that the signal fired before', async () => {
    await packets.close()
    backend.devices.clear()
    await expect(listen().next()).rejects.toMatchObject({ code: 'ENODEV' })
    await expect(listen({ signal: AbortSignal.abort() }).next()).rejects.toMatchObject({
      name: 'AbortError',
    })
  })

  it('needs the private key', async () => {
    await packets.close()
    const device = backend.devices.get('wg0') as FakeDevice
    device.snapshot = () => ({ ...new FakeDevice('wg0').snapshot(), publicKey: gateway })
    await expect(listen().next()).rejects.toMatchObject({
      code: 'EUNSUPPORTED',
      feature: 'handshakes',
    })
  })

  it('refuses options that are none', async () => {
    await packets.close()
    expect(() => listen({ interval: 0 })).toThrow(RangeError)
    expect(() => listen({ queue: Number.NaN })).toThrow(RangeError)
  })
})
