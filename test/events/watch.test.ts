import { formatPublicKey, generatePrivateKey, publicKey } from '@wgctrl/types'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { WatchEvent } from '../../packages/wireguard/src/watch/events.js'
import { ip } from '../contract/harnesses/isolation.js'
import { isKernel, PORT, Stage } from './stage.js'

let stage: Stage

const keyOf = (index: number): string => {
  const bytes = new Uint8Array(32).fill(7)
  new DataView(bytes.buffer).setUint32(0, index)
  return formatPublicKey(bytes)
}

/** Watches and keeps what it hears, until the end of the test; from when all that is there was told. */
async function hear(interval = 100): Promise<WatchEvent[]> {
  const heard: WatchEvent[] = []
  const watcher = stage.live.watch(undefined, { interval, initial: true })
  void (async () => {
    for await (const event of watcher) heard.push(event)
  })()
  const there = await stage.backend.list()
  await vi.waitFor(() => expect(presentBy(heard).devices).toEqual(there), eventually)
  return heard
}

const eventually = { timeout: 20_000, interval: 50 }

/** The devices and peers that are there by what was told. */
function presentBy(events: readonly WatchEvent[]) {
  const devices = new Set<string>()
  const peers = new Set<string>()
  for (const event of events) {
    if (event.type === 'device-added') devices.add(event.device)
    if (event.type === 'device-removed') devices.delete(event.device)
    if (event.type === 'peer-added') peers.add(event.publicKey)
    if (event.type === 'peer-removed') peers.delete(event.publicKey)
  }
  return { devices: [...devices].sort(), peers: [...peers].sort() }
}

afterEach(async () => {
  await stage.live.close()
  await stage[Symbol.asyncDispose]()
})

describe('watch on real devices', () => {
  it('tells the story of a tunnel', async () => {
    stage = await Stage.open()
    await stage.addClients(1)
    const [client] = stage.clients
    const heard = await hear()
    if (!client) return
    await stage.backend.configure(stage.device, {
      peers: [{ publicKey: client.publicKey, ...stage.peerOf(client.publicKey) }],
    })
    expect(await client.ping(10)).toBeDefined()
    const story = ['peer-added', 'peer-roamed', 'peer-handshake', 'peer-transfer']
    await vi.waitFor(() => {
      const told = heard.filter((event) => event.device === stage.device)
      const types = new Set<string>(told.map((event) => event.type))
      // A peer that comes with its handshake between two looks is one event.
      expect([...types]).toEqual(expect.arrayContaining(story.slice(0, 1)))
      const added = told.find((event) => event.type === 'peer-added')
      const knows = added?.type === 'peer-added' && added.peer.lastHandshake !== undefined
      expect(knows || story.every((type) => types.has(type))).toBe(true)
    }, eventually)
    await stage.backend.configure(stage.device, {
      listenPort: PORT + 1,
      peers: [{ publicKey: client.publicKey, remove: true }],
    })
    await vi.waitFor(() => {
      const types = heard.map((event) => event.type)
      expect(types).toContain('device-changed')
      expect(types).toContain('peer-removed')
    }, eventually)
  })

  it('tells of links that are switched off and on', async () => {
    stage = await Stage.open()
    const heard = await hear()
    await ip('link', 'set', stage.device, 'down')
    await vi.waitFor(() => {
      expect(heard).toContainEqual({ type: 'device-down', device: stage.device })
    }, eventually)
    await ip('link', 'set', stage.device, 'up')
    await vi.waitFor(() => {
      expect(heard).toContainEqual({ type: 'device-up', device: stage.device })
    }, eventually)
  })

  it('misses nothing while devices come and go, and leaves nothing behind', async () => {
    stage = await Stage.open()
    const heard = await hear()
    const handles = process.getActiveResourcesInfo().length
    const rounds = isKernel ? 30 : 15
    for (let round = 0; round < rounds; round++) {
      const name = `wgcome${round % 3}`
      await stage.backend.create?.(name)
      await stage.backend.configure(name, {
        privateKey: generatePrivateKey(),
        peers: [{ publicKey: publicKey(generatePrivateKey()) }],
      })
      if (round % 4 === 3) await new Promise((resolve) => setTimeout(resolve, 250))
      await stage.backend.delete?.(name)
    }
    await stage.backend.create?.('wgstay')
    await stage.backend.configure('wgstay', { peers: [{ publicKey: keyOf(1) }] })
    await vi.waitFor(async () => {
      const { devices, peers } = presentBy(heard)
      expect(devices).toEqual(await stage.backend.list())
      expect(peers).toContain(keyOf(1))
    }, eventually)
    const told = heard.filter((event) => event.type === 'device-added' && event.device !== 'wgstay')
    expect(told.length).toBeGreaterThan(0)
    await stage.backend.delete?.('wgstay')
    await vi.waitFor(() => {
      expect(presentBy(heard).devices).toEqual([stage.device])
    }, eventually)
    expect(heard.filter((event) => event.type === 'device-failed')).toEqual([])
    expect(process.getActiveResourcesInfo().length).toBeLessThanOrEqual(handles + 5)
  })

  it('tells of new names, where the name is the link and not the socket', async () => {
    stage = await Stage.open()
    const heard = await hear()
    await stage.backend.create?.('wgold')
    await vi.waitFor(() => expect(presentBy(heard).devices).toContain('wgold'), eventually)
    const before = heard.length
    await ip('link', 'set', 'wgold', 'name', 'wgnew')
    if (isKernel) {
      await vi.waitFor(() => {
        expect(heard).toContainEqual({ type: 'device-renamed', device: 'wgnew', from: 'wgold' })
      }, eventually)
    } else {
      await new Promise((resolve) => setTimeout(resolve, 1000))
      expect(heard.slice(before)).toEqual([])
    }
    await stage.backend.delete?.(isKernel ? 'wgnew' : 'wgold')
  })
})
