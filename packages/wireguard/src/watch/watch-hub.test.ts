import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatPublicKey, WireGuardError } from '@wgctrl/types'
import { type FakeDevice, MemoryBackend } from '@wgctrl/types/testing'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { LiveDevices } from '../client/live-devices.js'
import type { WatchEvent } from './events.js'
import type { LinkSource, LinkState } from './watch-session.js'
import type { Watcher, WatchOptions } from './watcher.js'

const a = formatPublicKey(new Uint8Array(32).fill(1))
const b = formatPublicKey(new Uint8Array(32).fill(2))

type FakeLinkEvent = { type: 'changed' | 'deleted'; link: LinkState } | { type: 'lost' }

/** Links that a test changes. */
class FakeLinks {
  readonly links = new Map<number, LinkState>()
  isClosed = false
  readonly #queue: FakeLinkEvent[] = []
  #wake = (): void => {}

  set(index: number, name: string, up: boolean): void {
    this.links.set(index, { index, name, up })
    this.#send({ type: 'changed', link: { index, name, up } })
  }

  delete(index: number): void {
    const link = this.links.get(index) as LinkState
    this.links.delete(index)
    this.#send({ type: 'deleted', link })
  }

  lose(): void {
    this.#send({ type: 'lost' })
  }

  open = async (): Promise<LinkSource> => ({
    now: async () => [...this.links.values()],
    events: this.#events(),
    close: async () => {
      this.isClosed = true
      this.#wake()
    },
  })

  #send(event: FakeLinkEvent): void {
    this.#queue.push(event)
    this.#wake()
  }

  async *#events() {
    while (!this.isClosed) {
      const event = this.#queue.shift()
      if (event) yield event
      else await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }
}

let backend: MemoryBackend
let links: FakeLinks
let live: LiveDevices
let reads: number
const watchers: Watcher[] = []

const device = (name = 'wg0'): FakeDevice => backend.devices.get(name) as FakeDevice

/** Watches, and keeps what it hears. */
function hear(name?: string, options: WatchOptions = {}): WatchEvent[] {
  const heard: WatchEvent[] = []
  const watcher = live.watch(name, { interval: 10, ...options })
  watchers.push(watcher)
  void (async () => {
    for await (const event of watcher) heard.push(event)
  })().catch(() => {})
  return heard
}

const quiet = (milliseconds = 60) => new Promise((resolve) => setTimeout(resolve, milliseconds))
/** Lets time pass for fake timers, a bit after the other. */
async function pass(milliseconds: number): Promise<void> {
  for (let past = 0; past < milliseconds; past += 5) {
    await vi.advanceTimersByTimeAsync(5)
    await new Promise(setImmediate)
  }
}
const typesOf = (events: WatchEvent[]) => events.map((event) => event.type)

function newLive(): LiveDevices {
  links = new FakeLinks()
  return new LiveDevices({
    list: async (options) => ({ names: await backend.list(options), errors: [], refusals: [] }),
    device: (name, options) => {
      reads++
      return backend.device(name, options)
    },
    configure: (name, config, options) => backend.configure(name, config, options),
    openLinks: links.open,
  })
}

beforeEach(async () => {
  backend = new MemoryBackend()
  reads = 0
  live = newLive()
  await backend.create('wg0')
  await backend.configure('wg0', { peers: [{ publicKey: a }] })
})

afterEach(async () => {
  await Promise.all(watchers.splice(0).map((watcher) => watcher.return()))
  await live.close()
})

describe('watch', () => {
  it('goes by who comes later and wants it sooner, for a device and for the list of them', async () => {
    links.isClosed = true
    const hour = 3_600_000
    hear(undefined, { interval: hour })
    await vi.waitFor(() => expect(reads).toBe(1))
    const quick = hear()
    await vi.waitFor(() => expect(reads).toBeGreaterThan(1))
    await backend.configure('wg0', { peers: [{ publicKey: b }] })
    await backend.create('wg1')
    const inAnyOrder = ['device-added', 'peer-added']
    await vi.waitFor(() => expect(typesOf(quick).toSorted()).toEqual(inAnyOrder))
  })

  it('gives its peers to who comes with `initial` while the device is read for the first time', async () => {
    let [go, isAsked] = [(): void => {}, false]
    const gate = new Promise<void>((resolve) => {
      go = resolve
    })
    const read = backend.device.bind(backend)
    backend.device = async (...args) => {
      isAsked = true
      await gate
      return await read(...args)
    }
    const first = hear()
    await vi.waitFor(() => expect(isAsked).toBe(true))
    const second = hear(undefined, { initial: true })
    await vi.waitFor(() => expect(typesOf(second)).toEqual(['device-added']))
    go()
    await vi.waitFor(() => expect(typesOf(second)).toEqual(['device-added', 'peer-added']))
    expect(first).toEqual([])
  })

  it('tells what changes from now on', async () => {
    const heard = hear()
    await quiet()
    expect(heard).toEqual([])
    await backend.configure('wg0', { peers: [{ publicKey: b }] })
    device().pretend(a, { receivedBytes: 5 })
    await vi.waitFor(() => expect(typesOf(heard)).toEqual(['peer-transfer', 'peer-added']))
    await quiet()
    expect(heard).toHaveLength(2)
  })

  it('begins with what is there when that is wanted, for whoever comes', async () => {
    const first = hear('wg0', { initial: true })
    await vi.waitFor(() => expect(typesOf(first)).toEqual(['device-added', 'peer-added']))
    const second = hear(undefined, { initial: true })
    await vi.waitFor(() => expect(typesOf(second)).toEqual(['device-added', 'peer-added']))
    await quiet()
    expect(first).toHaveLength(2)
  })

  it('reads a device as often for fifty watchers as for one', async () => {
    const start = performance.now()
    const all = Array.from({ length: 50 }, () => hear('wg0', { interval: 50 }))
    await quiet(500)
    await vi.waitFor(() => expect(reads).toBeGreaterThanOrEqual(3))
    expect(reads).toBeLessThanOrEqual(1 + (performance.now() - start) / 50)
    device().pretend(a, { receivedBytes: 1 })
    await vi.waitFor(() => {
      for (const heard of all) expect(typesOf(heard)).toEqual(['peer-transfer'])
    })
  })

  it('lets each watcher hear in its own time', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    onTestFinished(() => void vi.useRealTimers())
    const fast = hear('wg0', { interval: 10 })
    const slow = hear('wg0', { interval: 400 })
    for (let count = 1; count <= 40; count++) {
      device().pretend(a, { receivedBytes: count })
      await pass(20)
    }
    await pass(450)
    const sum = (events: WatchEvent[]) =>
      events.reduce((all, event) => all + ('received' in event ? event.received : 0), 0)
    expect(fast.length).toBeGreaterThan(slow.length * 3)
    expect(slow.length).toBeLessThanOrEqual(5)
    // What happened before the first reading is no news.
    expect(sum(slow)).toBeGreaterThanOrEqual(35)
  })

  it('merges for a consumer that does not come', async () => {
    const watcher = live.watch('wg0', { interval: 5 })
    watchers.push(watcher)
    device().pretend(a, { receivedBytes: 1 })
    const first = watcher.next()
    await quiet(30)
    device().pretend(a, { receivedBytes: 2 })
    await first
    for (let count = 3; count <= 30; count++) {
      device().pretend(a, { receivedBytes: count })
      await quiet(5)
    }
    await quiet()
    expect(watcher.pending).toBe(1)
    expect((await watcher.next()).value).toMatchObject({ received: 28 })
  })

  it('tells only what was asked for', async () => {
    const heard = hear('wg0', { fields: ['allowedIPs', 'listenPort'] })
    await quiet()
    device().pretend(a, { receivedBytes: 5, lastHandshake: new Date() })
    const peers = [{ publicKey: a, persistentKeepalive: 5, allowedIPs: ['10.0.0.0/24'] }]
    await backend.configure('wg0', { listenPort: 4, firewallMark: 4, peers })
    await vi.waitFor(() => expect(heard).toHaveLength(2))
    expect(heard).toMatchObject([{ fields: ['listenPort'] }, { fields: ['allowedIPs'] }])
    await backend.configure('wg0', { peers: [{ publicKey: b }] })
    await vi.waitFor(() => expect(heard).toHaveLength(3))
  })

  it('goes on when a device goes and returns', async () => {
    const heard = hear('wg0')
    await quiet()
    const gone = device()
    backend.devices.delete('wg0')
    await vi.waitFor(() => expect(typesOf(heard)).toEqual(['device-removed']))
    backend.devices.set('wg0', gone)
    await vi.waitFor(() => {
      expect(typesOf(heard).slice(1)).toEqual(['device-added', 'peer-added'])
    })
    gone.pretend(a, { receivedBytes: 1 })
    await vi.waitFor(() => expect(typesOf(heard)).toContain('peer-transfer'))
  })

  it('waits for a device that is not there yet, and does not tell of others', async () => {
    const heard = hear('wg1')
    await quiet()
    await backend.create('wg1')
    await backend.create('wg2')
    await vi.waitFor(() => expect(heard).toEqual([{ type: 'device-added', device: 'wg1' }]))
    await quiet()
    expect(heard).toHaveLength(1)
  })

  it('tells once that a device cannot be read', async () => {
    const heard = hear()
    await quiet()
    backend.fail('device', new WireGuardError('no', { code: 'EPERM' }))
    await vi.waitFor(() => expect(typesOf(heard)).toEqual(['device-failed']))
    await quiet()
    backend.fail('device', undefined)
    device().pretend(a, { receivedBytes: 1 })
    await vi.waitFor(() => expect(typesOf(heard)).toEqual(['device-failed', 'peer-transfer']))
  })

  it('ends with its signal, and lets go of everything', async () => {
    const controller = new AbortController()
    const watcher = live.watch('wg0', { interval: 10, signal: controller.signal })
    const next = watcher.next()
    await quiet(30)
    controller.abort()
    await expect(next).rejects.toMatchObject({ name: 'AbortError' })
    expect(links.isClosed).toBe(true)
    const before = reads
    await quiet()
    expect(reads).toBe(before)
    const late = live.watch('wg0', { signal: AbortSignal.abort() })
    await expect(late.next()).rejects.toMatchObject({ name: 'AbortError' })
  })

  it('goes on when a list fails, and tells once of each reason', async () => {
    const heard = hear()
    await quiet()
    backend.fail('list', new WireGuardError('no', { code: 'EPERM' }))
    await vi.waitFor(() => expect(typesOf(heard)).toEqual(['backend-failed']))
    backend.fail('list', new TypeError('a bug'))
    await vi.waitFor(() => expect(heard[1]).toMatchObject({ error: { code: 'EUNKNOWN' } }))
    backend.fail('list', undefined)
    await backend.create('wg1')
    await vi.waitFor(() => expect(heard.at(-1)).toEqual({ type: 'device-added', device: 'wg1' }))
    expect(heard.slice(2, -1)).toEqual(
      ['userspace', undefined].map((kind) => ({ type: 'backend-recovered', backend: kind })),
    )
  })

  it('ends without a word when its client is closed in the midst of a look', async () => {
    for (let round = 0; round < 20; round++) {
      const heard = hear(undefined, { interval: 1 })
      await quiet(round % 5)
      // Looks go on until the watchers have ended.
      links.lose()
      const closing = live.close()
      links.lose()
      await closing
      expect(typesOf(heard)).not.toContain('backend-failed')
      live = newLive()
    }
  })

  it('fails when there cannot be a first look, and refuses nonsense', async () => {
    backend.fail('list', new WireGuardError('no', { code: 'EPERM' }))
    await expect(live.watch().next()).rejects.toMatchObject({ code: 'EPERM' })
    expect(() => live.watch('../x')).toThrow()
    expect(() => live.watch('wg0', { interval: 0 })).toThrow(RangeError)
  })
})

describe('watch with links', () => {
  beforeEach(() => {
    links.links.set(7, { index: 7, name: 'wg0', up: false })
    links.links.set(8, { index: 8, name: 'eth0', up: false })
  })

  it('tells of devices that are switched on and off, and of no other links', async () => {
    const heard = hear(undefined, { interval: 60_000 })
    await quiet()
    links.set(7, 'wg0', true)
    links.set(8, 'eth0', true)
    links.set(7, 'wg0', true)
    await vi.waitFor(() => expect(typesOf(heard)).toEqual(['device-up']))
    links.set(7, 'wg0', false)
    await vi.waitFor(() => expect(typesOf(heard)).toEqual(['device-up', 'device-down']))
  })

  it('tells of new names, also who watches the old one', async () => {
    const [all, one] = [hear(undefined, { interval: 50 }), hear('wg0', { interval: 50 })]
    await quiet()
    backend.devices.set('wg9', device())
    backend.devices.delete('wg0')
    links.set(7, 'wg9', false)
    const event = { type: 'device-renamed', device: 'wg9', from: 'wg0' }
    await vi.waitFor(() => expect([all[0], one[0]]).toEqual([event, event]))
    await quiet(150)
    expect([all.length, one.length]).toEqual([1, 1])
  })

  it('tells at once of devices that come and go, also between two looks', async () => {
    const heard = hear(undefined, { interval: 60_000 })
    await quiet()
    await backend.create('wg1')
    links.set(9, 'wg1', false)
    await vi.waitFor(() => expect(typesOf(heard)).toEqual(['device-added']))
    // Gone, and another of its name there, before anybody looked.
    links.delete(9)
    links.set(10, 'wg1', false)
    await vi.waitFor(() => {
      expect(typesOf(heard)).toEqual(['device-added', 'device-removed', 'device-added'])
    })
  })

  it('knows a new name also when a look is faster than the event', async () => {
    const heard = hear(undefined, { interval: 10 })
    await quiet()
    links.links.set(7, { index: 7, name: 'wg9', up: false })
    backend.devices.set('wg9', device())
    backend.devices.delete('wg0')
    await quiet(100)
    links.set(7, 'wg9', false)
    await quiet()
    expect(heard).toEqual([{ type: 'device-renamed', device: 'wg9', from: 'wg0' }])
  })

  it('looks itself when events were lost', async () => {
    const heard = hear(undefined, { interval: 60_000 })
    await quiet()
    await backend.create('wg1')
    links.lose()
    await vi.waitFor(() => expect(typesOf(heard)).toEqual(['device-added']))
  })
})

describe('watch with a directory of sockets', () => {
  it('looks when something changes in it', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'wgctrl-watch-'))
    live = new LiveDevices({
      list: async (options) => ({ names: await backend.list(options), errors: [], refusals: [] }),
      device: (name, options) => backend.device(name, options),
      configure: async () => {},
      socketDirectory: async () => directory,
    })
    const heard = hear(undefined, { interval: 60_000, initial: true })
    const hears = (name: string) =>
      vi.waitFor(() => expect(heard).toContainEqual({ type: 'device-added', device: name }))
    await hears('wg0')
    await backend.create('wg1')
    await writeFile(join(directory, 'wg1.sock'), '')
    await hears('wg1')
    await rm(directory, { recursive: true })
  })
})
