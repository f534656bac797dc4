import { setTimeout as slept } from 'node:timers/promises'
import {
  type Device,
  type DeviceConfig,
  generatePrivateKey,
  publicKey,
  type SecretKey,
  WireGuardError,
} from '@wgctrl/types'
import { type FakeDevice, MemoryBackend } from '@wgctrl/types/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LiveDevices } from '../client/live-devices.js'
import { FakePackets } from '../handshakes/testing/fake-packets.js'
import { ipv4Packet } from '../handshakes/testing/packets.js'
import { sealInitiation } from '../handshakes/testing/seal.js'
import { provocation } from './install.js'
import type { JustInTime } from './just-in-time.js'
import type { JustInTimeEvent, JustInTimeOptions } from './options.js'

const gatewayKey = generatePrivateKey()
const gateway = publicKey(gatewayKey)

let backend: MemoryBackend
let packets: FakePackets
let live: LiveDevices
let gate: JustInTime
let events: JustInTimeEvent[]
let configs: DeviceConfig[]
/** The most peers that the device ever held. */
let most: number
/** What others do before it is a retry's turn. */
let beforeTurn: () => Promise<void>
/** What happens to a write before it is made. */
let beforeWrite: (config: DeviceConfig) => Promise<void>
/** How often the device was read. */
let reads: number
/** Files of /proc and /sys, and what the device has of a kernel's. */
let files: Record<string, string>
let ofKernel: Partial<Device>

const device = () => backend.devices.get('wg0') as FakeDevice
const peers = () => device().snapshot().peers
const typesOf = () => events.map((event) => event.type)

/** A network for each key, told apart by when it was asked for: two keys often begin with one letter. */
const networks = new Map<string, string>()
const networkOf = (key: string): string => {
  const known = networks.get(key) ?? `10.0.${networks.size >> 8}.${networks.size & 255}/32`
  networks.set(key, known)
  return known
}

const openGate = async (options: Partial<JustInTimeOptions> = {}): Promise<JustInTime> => {
  const lookup = (key: string) => ({ allowedIPs: [networkOf(key)] })
  const onEvent = (event: JustInTimeEvent) => void events.push(event)
  gate = await live.justInTime('wg0', { lookup, onEvent, interval: 10, ...options })
  return gate
}

let lastOctet = 0
/** Sends an initiation, each from an address of its own. */
const knock = (key: SecretKey, from = [10, 1, 0, ++lastOctet % 250]): void => {
  packets.send(ipv4Packet({ payload: sealInitiation(key, gateway), from }))
}

/** Has the next write, and those behind it, wait until the function that is returned is called. */
const holdWrites = (refuse: (config: DeviceConfig) => void = () => {}): (() => void) => {
  let goOn = (): void => {}
  const isFree = new Promise<void>((resolve) => {
    goOn = resolve
  })
  beforeWrite = async (config) => {
    await isFree
    refuse(config)
  }
  return () => goOn()
}

/** All of them are found before the first is written. */
const knockTogether = async (keys: readonly SecretKey[]): Promise<void> => {
  const goOn = holdWrites()
  for (const key of keys) knock(key)
  await vi.waitFor(() => expect(gate.counters.found).toBe(keys.length), 20_000)
  goOn()
}

const newKeys = (count: number): SecretKey[] => Array.from({ length: count }, generatePrivateKey)

beforeEach(async () => {
  backend = new MemoryBackend()
  packets = new FakePackets()
  events = []
  configs = []
  most = 0
  beforeTurn = async () => {}
  beforeWrite = async () => {}
  reads = 0
  files = {}
  ofKernel = {}
  const configure = async (name: string, config: DeviceConfig, options?: object): Promise<void> => {
    configs.push(config)
    await beforeWrite(config)
    await backend.configure(name, config, options)
    most = Math.max(most, peers().length)
  }
  live = new LiveDevices({
    list: async (options) => ({ names: await backend.list(options), errors: [], refusals: [] }),
    device: async (name, options) => {
      reads++
      return { ...(await backend.device(name, options)), ...ofKernel }
    },
    configure,
    async inTurn(_, change) {
      await beforeTurn()
      await change({ device: (name, options) => backend.device(name, options), configure })
    },
    openPackets: async () => packets,
    readText: async (path) => files[path],
  })
  await backend.create('wg0')
  await backend.configure('wg0', { privateKey: gatewayKey, listenPort: 51_820 })
})

describe('a gateway beside a backend that can tell who is there', () => {
  it('asks for no more than that, and not for the secrets of clients', async () => {
    let whole = 0
    const shown: string[][] = []
    const context = {
      list: async () => ({ names: ['wg0'], errors: [], refusals: [] }),
      device: async (name: string) => {
        whole++
        return await backend.device(name)
      },
      activity: async (name: string) => {
        const found = await backend.device(name)
        const peers = found.peers.map(({ publicKey, receivedBytes, transmittedBytes }) => ({
          ...{ publicKey, receivedBytes, transmittedBytes },
        }))
        shown.push(peers.map(({ publicKey }) => publicKey))
        return { ...found, peers }
      },
      configure: (name: string, config: DeviceConfig) => backend.configure(name, config),
      openPackets: async () => packets,
    }
    live = new LiveDevices(context)
    const [key] = newKeys(1) as [SecretKey]
    await openGate({ idle: 60_000 })
    knock(key)
    await vi.waitFor(() => expect(peers()).toHaveLength(1))
    await vi.waitFor(() => expect(shown.at(-1)).toEqual([publicKey(key)]))
    expect(whole).toBe(0)
  })
})

afterEach(async () => {
  await gate.close()
  expect(packets.isClosed).toBe(true)
})

describe('JustInTime', () => {
  it('installs who knocks, with where it came from, and has the device initiate', async () => {
    const [key] = newKeys(1) as [SecretKey]
    await openGate()
    knock(key, [192, 0, 2, 7])
    await vi.waitFor(() => expect(gate.counters.installed).toBe(1))
    expect(peers()).toMatchObject([
      {
        publicKey: publicKey(key),
        endpoint: { address: '192.0.2.7', port: 51_821, family: 4 },
        persistentKeepalive: 0,
      },
    ])
    // Two writes: in between the device comes to what the client sent.
    await vi.waitFor(() => expect(configs).toHaveLength(2))
    expect(configs[0]?.peers).toMatchObject([{ persistentKeepalive: 0 }])
    expect(configs[1]?.peers).toEqual(provocation(publicKey(key), {}))
    expect(typesOf()).toEqual(['installed'])
    knock(key)
    await vi.waitFor(() => expect(gate.counters.known).toBe(1))
  })

  it('looks a key up once, and installs it where it was last', async () => {
    const [key] = newKeys(1) as [SecretKey]
    let answer = (_: object): void => {}
    const lookup = vi.fn(() => new Promise<object>((resolve) => (answer = resolve)))
    await openGate({ lookup })
    const now = Date.now()
    expect(gate.initiated(publicKey(key))).toBeUndefined()
    for (let count = 0; count < 5; count++) {
      const payload = sealInitiation(key, gateway, new Date(now + count))
      packets.send(ipv4Packet({ payload, from: [10, 2, 0, count] }))
    }
    await vi.waitFor(() => expect(gate.counters.merged).toBe(4))
    expect(gate.initiated(publicKey(key))).toEqual(new Date(now + 4))
    answer({})
    await vi.waitFor(() => expect(gate.counters.installed).toBe(1))
    expect(lookup).toHaveBeenCalledTimes(1)
    expect(peers()).toMatchObject([{ endpoint: { address: '10.2.0.4' } }])
  })

  it('has the device initiate again when the first handshake does not come about', async () => {
    const [lost, answered] = newKeys(2) as [SecretKey, SecretKey]
    await openGate({
      onEvent: () => void device().pretend(publicKey(answered), { lastHandshake: new Date() }),
    })
    knock(lost)
    knock(answered)
    await vi.waitFor(() => expect(gate.counters.reinitiated).toBe(2), 5000)
    const anew = configs.filter(({ peers: entries }) => entries?.[0]?.remove)
    const key = publicKey(lost)
    const whole = [
      { publicKey: key, remove: true },
      { publicKey: key, persistentKeepalive: 0 },
    ]
    expect(anew).toMatchObject(Array(2).fill({ peers: [...whole, ...provocation(key, {})] }))
    expect([gate.size, most]).toEqual([2, 2])
  })

  it('puts in anew who lacks its keepalive because the second write failed, also with a handshake', async () => {
    const [key] = newKeys(1) as [SecretKey]
    const client = publicKey(key)
    const found = { allowedIPs: [networkOf(client)], persistentKeepalive: 25 }
    let refusals = 0
    beforeWrite = async ({ peers: [entry] = [] }) => {
      if (!entry?.updateOnly || refusals++ > 0) return
      device().pretend(client, { lastHandshake: new Date() })
      throw new WireGuardError('no', { code: 'EPERM' })
    }
    await openGate({ lookup: () => found })
    knock(key)
    await vi.waitFor(() => expect(gate.counters.reinitiated).toBe(1), 5000)
    expect(peers()).toMatchObject([{ publicKey: client, persistentKeepalive: 25 }])
    expect(typesOf()).toEqual(['installed', 'failed'])
    expect(gate.counters.installed).toBe(1)
  })

  it('does not bring back who was removed before the retry had its turn', async () => {
    const [key] = newKeys(1) as [SecretKey]
    await openGate()
    const turn = new Promise<void>((resolve) => {
      beforeTurn = async () => {
        await backend.configure('wg0', { peers: [{ publicKey: publicKey(key), remove: true }] })
        resolve()
      }
    })
    knock(key)
    await turn
    await vi.waitFor(() => expect(gate.size).toBe(0))
    expect(configs).toHaveLength(2)
    expect([peers(), gate.counters.reinitiated]).toEqual([[], 0])
  })

  it('leaves out who is nobody, and what fails', async () => {
    const [nobody, broken, wrong] = newKeys(3) as [SecretKey, SecretKey, SecretKey]
    const lookup = vi.fn((key: string) => {
      if (key === publicKey(nobody)) return null
      if (key === publicKey(broken)) throw new Error('no records')
      return { allowedIPs: ['nonsense'] }
    })
    await openGate({ lookup })
    for (const key of [nobody, nobody, broken, wrong]) {
      knock(key)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    await vi.waitFor(() => expect(gate.counters.installsFailed).toBe(1))
    expect(gate.counters).toMatchObject({ lookups: 3, unknown: 1, negative: 1, lookupsFailed: 1 })
    expect(events.map((event) => ('operation' in event ? event.operation : event.type))).toEqual([
      'unknown',
      'lookup',
      'install',
    ])
    expect([peers(), gate.size]).toEqual([[], 0])
    gate.forget(publicKey(nobody))
    knock(nobody)
    await vi.waitFor(() => expect(gate.counters.lookups).toBe(4))
  })

  it('never holds more than it may: the longest idle makes room', async () => {
    await openGate({ maxPeers: 3 })
    const keys = newKeys(10)
    for (const key of keys) {
      knock(key)
      await new Promise((resolve) => setTimeout(resolve, 3))
    }
    await vi.waitFor(() => expect(gate.counters.installed).toBe(10))
    expect([most, gate.size, gate.counters.evictedForRoom]).toEqual([3, 3, 7])
    expect(peers().map((peer) => peer.publicKey)).toEqual(
      keys.slice(7).map((key) => publicKey(key)),
    )
    expect(events.find((event) => event.type === 'evicted')).toMatchObject({ reason: 'room' })
  })

  it('warns at the start of a bound that the machine has too few threads for', async () => {
    ofKernel = { kind: 'linux-kernel', interfaceIndex: 7 }
    files = {
      '/sys/class/net/wg0/ifindex': '7\n',
      '/sys/class/net/wg0/threaded': '1\n',
      '/proc/loadavg': '0.20 0.18 0.12 1/400 11206\n',
      '/proc/sys/kernel/threads-max': '2000\n',
      '/proc/sys/kernel/pid_max': '32768\n',
    }
    await openGate({ maxPeers: 2000 })
    expect(events).toMatchObject([
      { type: 'warning', code: 'ETHREADS', message: expect.stringContaining(': 1600 fit') },
    ])
  })

  it('keeps to its bound when all come at once', async () => {
    await openGate({ maxPeers: 3 })
    for (const key of newKeys(30)) knock(key)
    await vi.waitFor(() => expect(gate.counters.installed).toBe(30))
    expect([most, peers().length]).toEqual([3, 3])
  })

  it('takes nobody when all are pinned', async () => {
    const pinned = newKeys(2)
    const pins = pinned.map((key) => publicKey(key))
    await backend.configure('wg0', { peers: pins.map((key) => ({ publicKey: key })) })
    await openGate({ maxPeers: 2, pinned: pins, idle: 1 })
    knock(generatePrivateKey())
    await vi.waitFor(() => expect(gate.counters.full).toBe(1))
    expect(peers().map((peer) => peer.publicKey)).toEqual(pins)
    expect(typesOf()).toEqual(['full'])
  })

  it('removes who is idle, finds who is there, and takes back who returns', async () => {
    const [old, present] = newKeys(2) as [SecretKey, SecretKey]
    const keys = [old, present].map((key) => publicKey(key))
    await backend.configure('wg0', { peers: keys.map((key) => ({ publicKey: key })) })
    device().pretend(publicKey(old), { lastHandshake: new Date(Date.now() - 60_000) })
    const breathe = setInterval(() => {
      const receivedBytes = Math.round(performance.now() * 1000)
      device().pretend(publicKey(present), { receivedBytes })
    }, 5)
    try {
      await openGate({ idle: 1000 })
      await vi.waitFor(() => expect(gate.counters.evictedIdle).toBe(1), { timeout: 20_000 })
      expect(peers().map((peer) => peer.publicKey)).toEqual([publicKey(present)])
      expect(events).toMatchObject([{ type: 'evicted', reason: 'idle', publicKey: publicKey(old) }])
      knock(old)
      await vi.waitFor(() => expect(peers()).toHaveLength(2))
    } finally {
      clearInterval(breathe)
    }
  })

  it('comes down to its bound when it finds more', async () => {
    const found = newKeys(5).map((key) => ({ publicKey: publicKey(key) }))
    await backend.configure('wg0', { peers: found })
    await openGate({ maxPeers: 2 })
    expect([peers().length, gate.size]).toEqual([2, 2])
  })

  it('goes on after writes that fail and a device that goes and returns', async () => {
    await openGate()
    backend.fail('configure', new WireGuardError('no', { code: 'EPERM' }))
    const [key] = newKeys(1) as [SecretKey]
    knock(key)
    await vi.waitFor(() => expect(gate.counters.installsFailed).toBe(1))
    backend.fail('configure', undefined)
    const gone = device()
    backend.devices.clear()
    await vi.waitFor(() => expect(packets.armed).toBe(2), { timeout: 20_000 })
    backend.devices.set('wg0', gone)
    await vi.waitFor(() => expect(packets.armed).toBe(3), { timeout: 20_000 })
    knock(key)
    await vi.waitFor(() => expect(gate.counters.installed).toBe(1))
  })

  it('ends with what its listener throws, and with its signal', async () => {
    await openGate({
      onEvent: () => {
        throw new Error('mine')
      },
    })
    knock(generatePrivateKey())
    await expect(gate.finished).rejects.toThrow('mine')
    packets = new FakePackets()
    const controller = new AbortController()
    await openGate({ signal: controller.signal })
    controller.abort()
    await gate.finished
  })

  it('ends with what its listener rejects with', async () => {
    await openGate({ onEvent: () => Promise.reject(new Error('later')) })
    knock(generatePrivateKey())
    await expect(gate.finished).rejects.toThrow('later')
  })

  it.each([0, 1, 2, 3, 4])('hears a signal that fires in turn %d of its start', async (turn) => {
    await openGate()
    await gate.close()
    packets = new FakePackets()
    const controller = new AbortController()
    const lookup = () => null
    const starting = live.justInTime('wg0', { lookup, signal: controller.signal })
    const reason = new Error('enough')
    for (let n = 0; n < turn; n++) await Promise.resolve()
    controller.abort(reason)
    await expect(starting).rejects.toMatchObject({ code: 'ABORT_ERR', cause: reason })
    const again = live.justInTime('wg0', { lookup, signal: controller.signal })
    await expect(again).rejects.toMatchObject({ code: 'ABORT_ERR', cause: reason })
    packets.isClosed = true
  })

  it('never holds more than maxPeers, also after a record that is none and a write that fails', async () => {
    const keys = newKeys(3)
    const [a, b, c] = keys.map((key) => publicKey(key))
    const lookup = (key: string) => ({ allowedIPs: [key === b ? 'nonsense' : '10.0.0.1/32'] })
    await openGate({ maxPeers: 1, lookup, interval: 100_000 })
    knock(keys[0] as SecretKey)
    await vi.waitFor(() => expect(gate.counters.installed).toBe(1))
    knock(keys[1] as SecretKey)
    await vi.waitFor(() => expect(gate.counters.installsFailed).toBe(1))
    expect(peers().map((peer) => peer.publicKey)).toEqual([a])
    backend.fail('configure', new WireGuardError('no', { code: 'EPERM' }))
    knock(keys[2] as SecretKey)
    await vi.waitFor(() => expect(gate.counters.installsFailed).toBe(2))
    backend.fail('configure', undefined)
    knock(keys[2] as SecretKey)
    await vi.waitFor(() => expect(gate.counters.installed).toBe(2))
    expect(peers().map((peer) => peer.publicKey)).toEqual([c])
    expect(most).toBe(1)
  })

  it('does not take those it finds for idle because the clock was set', async () => {
    const found = publicKey(generatePrivateKey())
    await backend.configure('wg0', { peers: [{ publicKey: found }] })
    const hourAgo = new Date(Date.now() - 3_600_000)
    expect(device().pretend(found, { lastHandshake: hourAgo })).toBe(true)
    await openGate({ idle: 60_000 })
    await vi.waitFor(() => expect(gate.size).toBe(1))
    expect(typesOf()).toEqual([])
  })

  it('changes and removes who is in, in one write, and nobody else', async () => {
    const [stays, changes, leaves, pinned] = newKeys(4).map((key) => publicKey(key))
    const all = [stays, changes, leaves, pinned].map((key) => ({
      publicKey: `${key}`,
      presharedKey: Buffer.alloc(32, 7),
      endpoint: '192.0.2.1:1',
      persistentKeepalive: 25,
      allowedIPs: [networkOf(`${key}`)],
    }))
    await backend.configure('wg0', { peers: all })
    await openGate({ pinned: [`${pinned}`] })
    expect(gate.present()).toEqual([stays, changes, leaves])
    const before = peers()
    const told = new Map([
      [`${changes}`, { allowedIPs: ['10.7.0.1/32'] }],
      [`${leaves}`, null],
      [`${pinned}`, null],
      [publicKey(generatePrivateKey()), { allowedIPs: ['10.7.0.2/32'] }],
    ])
    expect(await gate.change(told)).toEqual({ changed: [changes], removed: [leaves] })
    expect(configs).toHaveLength(1)
    expect(peers()).toMatchObject([
      before[0],
      { publicKey: changes, allowedIPs: ['10.7.0.1/32'], endpoint: { address: '192.0.2.1' } },
      before[3],
    ])
    expect(peers()[1]).toMatchObject({ persistentKeepalive: 0 })
    expect(peers()[1]?.presharedKey).toBeUndefined()
    expect(gate.present()).toEqual([stays, changes])
    expect(all.map(({ publicKey }) => gate.has(publicKey))).toEqual([true, true, false, false])
    expect(await gate.release([`${stays}`, `${pinned}`])).toEqual([stays])
    expect(gate.present()).toEqual([changes])
  })

  it('lets in who is on the way as it was told meanwhile, or not at all', async () => {
    const [changed, revoked, added] = newKeys(3) as [SecretKey, SecretKey, SecretKey]
    const answers: ((found: object | null) => void)[] = []
    const lookup = vi.fn(() => new Promise<object | null>((resolve) => answers.push(resolve)))
    await openGate({ lookup })
    for (const key of [changed, revoked, added]) knock(key)
    await vi.waitFor(() => expect(lookup).toHaveBeenCalledTimes(3))
    const told = new Map([
      [publicKey(changed), { allowedIPs: ['10.7.0.1/32'] }],
      [publicKey(revoked), null],
      [publicKey(added), { allowedIPs: ['10.7.0.3/32'] }],
    ])
    expect(await gate.change(told)).toEqual({ changed: [], removed: [] })
    for (const answer of answers)
      answer(answer === answers[2] ? null : { allowedIPs: ['10.9.9.9/32'] })
    await vi.waitFor(() => expect(gate.counters.installed).toBe(2))
    expect(peers().map((peer) => peer.allowedIPs[0])).toEqual(['10.7.0.1/32', '10.7.0.3/32'])
    // The look-up that said that nobody has it counts for nothing.
    await gate.release([publicKey(added)])
    knock(added)
    await vi.waitFor(() => expect(lookup).toHaveBeenCalledTimes(4))
    answers[3]?.({ allowedIPs: ['10.7.0.3/32'] })
    await vi.waitFor(() => expect(gate.counters.installed).toBe(3))
  })

  it('puts in anew who does not answer as it is by then', async () => {
    const [key] = newKeys(1) as [SecretKey]
    await openGate()
    knock(key)
    await vi.waitFor(() => expect(gate.counters.installed).toBe(1))
    await gate.change(new Map([[publicKey(key), { allowedIPs: ['10.7.0.1/32'] }]]))
    await vi.waitFor(() => expect(gate.counters.reinitiated).toBeGreaterThan(0), 5000)
    expect(peers()).toMatchObject([{ allowedIPs: ['10.7.0.1/32'] }])
  })

  it('has all as they were when a change fails, and refuses what is none before it sends', async () => {
    const [one, other] = newKeys(2).map((key) => publicKey(key)) as [string, string]
    await backend.configure('wg0', { peers: [{ publicKey: one }, { publicKey: other }] })
    await openGate()
    const wrong = new Map([
      [one, null],
      [other, { allowedIPs: ['nonsense'] }],
    ])
    await expect(gate.change(wrong)).rejects.toThrow('nonsense')
    expect([configs, gate.present()]).toEqual([[], [one, other]])
    backend.fail('configure', new WireGuardError('no', { code: 'EPERM' }))
    await expect(gate.change(new Map([[one, null]]))).rejects.toThrow('no')
    expect(gate.present()).toContain(one)
    backend.fail('configure', undefined)
    expect(await gate.change(new Map([[one, null]]))).toMatchObject({ removed: [one] })
  })

  it('writes a lone knock at once, and those who come meanwhile together', async () => {
    const keys = newKeys(9)
    await openGate({ interval: 100_000 })
    const goOn = holdWrites()
    knock(keys[0] as SecretKey)
    await vi.waitFor(() => expect(configs).toHaveLength(1))
    for (const key of keys.slice(1)) knock(key)
    await vi.waitFor(() => expect(gate.counters.found).toBe(9))
    goOn()
    await vi.waitFor(() => expect(gate.counters.installed).toBe(9))
    // Those who were let in before are made to initiate in the same write.
    await vi.waitFor(() => expect(configs).toHaveLength(3))
    const kinds = configs.map(({ peers: entries = [] }) => [
      entries.filter((peer) => !peer.updateOnly).length,
      entries.filter((peer) => peer.updateOnly).length,
    ])
    expect(kinds).toEqual([
      [1, 0],
      [8, 2],
      [0, 16],
    ])
    expect(peers()).toHaveLength(9)
  })

  it('reads the device for nothing that can wait while clients are let in', async () => {
    const keys = newKeys(2)
    await openGate({ interval: 20 })
    const goOn = holdWrites()
    knock(keys[0] as SecretKey)
    await vi.waitFor(() => expect(configs).toHaveLength(1))
    // One reading may have begun before.
    await slept(200)
    const before = reads
    await slept(400)
    expect(reads).toBe(before)
    // A packet for another key: the device may have that by now.
    const other = generatePrivateKey()
    packets.send(
      ipv4Packet({
        payload: sealInitiation(keys[1] as SecretKey, publicKey(other)),
        from: [9, 9, 9, 9],
      }),
    )
    await vi.waitFor(() => expect(reads).toBeGreaterThan(before))
    goOn()
    await vi.waitFor(() => expect(gate.counters.installed).toBe(1))
  })

  it('removes who is revoked before those who wait are let in, and comes to nobody who was revoked meanwhile', async () => {
    const [first, revoked, next] = newKeys(3) as [SecretKey, SecretKey, SecretKey]
    await openGate({ interval: 100_000 })
    const goOn = holdWrites()
    for (const key of [first, revoked, next]) knock(key)
    await vi.waitFor(() => expect(gate.counters.found).toBe(3))
    const gone = gate.change(new Map([first, revoked].map((key) => [publicKey(key), null])))
    goOn()
    expect(await gone).toEqual({ changed: [], removed: [publicKey(first)] })
    await vi.waitFor(() => expect(gate.counters.installed).toBe(2))
    const [left, came] = [publicKey(first), publicKey(next)]
    expect(configs[1]).toMatchObject({
      peers: [{ publicKey: left, remove: true }, { publicKey: came }],
    })
    expect(peers()).toMatchObject([{ publicKey: came }])
    expect(gate.present()).toEqual([publicKey(next)])
  })

  it.each(['EINVAL', 'EMSGSIZE'])('lets in all but those who are refused with %s', async (code) => {
    const keys = newKeys(20)
    const refused = [3, 4, 19].map((at) => publicKey(keys[at] as SecretKey))
    await openGate({ interval: 100_000, maxPeers: 20 })
    const goOn = holdWrites(({ peers: entries = [] }) => {
      const at = entries.findIndex(
        ({ publicKey: key, remove }) => !remove && refused.includes(`${key}`),
      )
      if (at < 0) return
      throw new WireGuardError('not this one', {
        code,
        ...(code === 'EINVAL' && { path: `peers[${at}]` }),
      })
    })
    for (const key of keys) knock(key)
    await vi.waitFor(() => expect(gate.counters.found).toBe(20))
    goOn()
    await vi.waitFor(() => expect(gate.counters.installed).toBe(17))
    expect(gate.counters).toMatchObject({ installsFailed: 3, evictedForRoom: 0, full: 0 })
    const failed = events.filter((event) => event.type === 'failed')
    expect(failed.map((event) => event.publicKey)).toEqual(refused)
    expect([gate.size, peers().length, most]).toEqual([17, 17, 17])
  })

  it('has a device that is away refuse those who wait in one write', async () => {
    await openGate({ interval: 100_000 })
    const goOn = holdWrites(() => {
      throw new WireGuardError('gone', { code: 'ENODEV' })
    })
    for (const key of newKeys(9)) knock(key)
    await vi.waitFor(() => expect(gate.counters.found).toBe(9))
    goOn()
    await vi.waitFor(() => expect(gate.counters.installsFailed).toBe(9))
    expect([configs.length, gate.size]).toEqual([2, 0])
  })

  it('gives a network to the last of those who come together with it', async () => {
    const keys = newKeys(4)
    await openGate({ interval: 100_000, lookup: () => ({ allowedIPs: ['10.0.0.1/32'] }) })
    await knockTogether(keys)
    await vi.waitFor(() => expect(gate.counters.installed).toBe(4))
    expect(peers().map((peer) => peer.allowedIPs)).toEqual([[], [], [], ['10.0.0.1/32']])
    expect(gate.counters.installsFailed).toBe(0)
  })

  it('looks once whether all have their handshakes, and puts in anew together those who have none', async () => {
    const keys = newKeys(40)
    const silent = publicKey(keys[20] as SecretKey)
    await openGate({
      interval: 100_000,
      onEvent: ({ type, publicKey: key }: JustInTimeEvent & { publicKey?: string }) => {
        if (type !== 'installed') return
        const isSilent = key === silent
        const traffic = isSilent ? { transmittedBytes: 240 } : { lastHandshake: new Date() }
        device().pretend(`${key}`, traffic)
      },
    })
    const before = reads
    await knockTogether(keys)
    await vi.waitFor(() => expect(gate.counters.reinitiated).toBe(1), 20_000)
    const anew = configs.filter(({ peers: entries }) => entries?.[0]?.remove)
    const whole = [{ publicKey: silent, remove: true }, { publicKey: silent }]
    expect(anew).toMatchObject([{ peers: [...whole, ...provocation(silent, {})] }])
    // They came in two writes, one after the other: the first may be due before the others.
    expect(reads - before).toBeLessThanOrEqual(2)
  })

  it('puts in anew many who have no handshake in writes that are not long', async () => {
    const keys = newKeys(40)
    await openGate({
      interval: 100_000,
      onEvent: ({ type, publicKey: key }: JustInTimeEvent & { publicKey?: string }) => {
        if (type === 'installed') device().pretend(`${key}`, { transmittedBytes: 240 })
      },
    })
    await knockTogether(keys)
    await vi.waitFor(() => expect(gate.counters.reinitiated).toBe(40), 20_000)
    const anew = configs.filter(({ peers: entries }) => entries?.[0]?.remove)
    const removed = anew.map(({ peers: entries = [] }) => entries.filter(({ remove }) => remove))
    expect(new Set(removed.flat().map(({ publicKey: key }) => key)).size).toBe(40)
    // Each has four entries: it goes, comes and is given a keepalive, which is taken back.
    for (const { peers: entries = [] } of anew) expect(entries.length).toBeLessThanOrEqual(4 * 32)
    expect(anew.length).toBeGreaterThanOrEqual(2)
  })

  it('does not put in anew with its old config who was changed while it was written', async () => {
    const [key] = newKeys(1) as [SecretKey]
    await openGate()
    const goOn = holdWrites()
    knock(key)
    await vi.waitFor(() => expect(configs).toHaveLength(1))
    const changed = gate.change(new Map([[publicKey(key), { allowedIPs: ['10.7.0.1/32'] }]]))
    goOn()
    await changed
    await vi.waitFor(() => expect(gate.counters.reinitiated).toBeGreaterThan(0), 5000)
    expect(peers()).toMatchObject([{ allowedIPs: ['10.7.0.1/32'] }])
  })

  it('lets in who is known while those who are not wait for their lookups', async () => {
    const [wasIn, toldOf, ...strangers] = newKeys(14) as [SecretKey, SecretKey, ...SecretKey[]]
    const known = [wasIn, toldOf].map((key) => publicKey(key))
    const answer = (key: string) => ({ allowedIPs: [networkOf(key)] })
    await openGate({
      maxLookups: 4,
      known: (key) => key === known[1],
      lookup: (key) => (known.includes(key) ? answer(key) : new Promise(() => {})),
    })
    knock(wasIn)
    await vi.waitFor(() => expect(gate.counters.installed).toBe(1))
    await gate.release([publicKey(wasIn)])
    for (const key of strangers) knock(key)
    await vi.waitFor(() => expect(gate.counters.busy).toBe(9))
    const later = new Date(Date.now() + 1000)
    packets.send(
      ipv4Packet({ payload: sealInitiation(wasIn, gateway, later), from: [10, 2, 0, 1] }),
    )
    knock(toldOf)
    await vi.waitFor(() => expect(gate.present()).toEqual(known))
    // Nobody is known any more who was revoked.
    await gate.change(new Map([[publicKey(wasIn), null]]))
    const again = new Date(Date.now() + 2000)
    packets.send(
      ipv4Packet({ payload: sealInitiation(wasIn, gateway, again), from: [10, 2, 0, 2] }),
    )
    await vi.waitFor(() => expect(gate.counters.busy).toBe(10))
  })

  it('refuses options that are none', () => {
    const wrong = { maxPeers: 0, idle: -1, lookupTimeout: Number.NaN, interval: '5' }
    for (const [name, value] of Object.entries(wrong)) {
      const options = { lookup: () => null, [name]: value }
      expect(() => live.justInTime('wg0', options as never)).toThrow(`options.${name}`)
    }
    expect(() => live.justInTime('wg0', {} as never)).toThrow(TypeError)
    return openGate()
  })
})
