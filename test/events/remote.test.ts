import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it, vi } from 'vitest'
import {
  connect,
  open,
  type RemoteServer,
  type RemoteWireGuard,
  serve,
  TrafficLedger,
  type WireGuard,
} from '../../packages/wireguard/src/index.js'
import type { JustInTimeEvent } from '../../packages/wireguard/src/just-in-time/options.js'
import { eventually } from './hearing.js'
import { type Client, Stage } from './stage.js'

let stage: Stage
let wg: WireGuard
let server: RemoteServer
let far: RemoteWireGuard
let folder: string

afterEach(async () => {
  await far.close()
  await server.close()
  await wg.close()
  await stage[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

/** A gateway whose program is elsewhere, and a client that it does not know. */
async function withOneClient(): Promise<Client> {
  folder = await mkdtemp(join(tmpdir(), 'wgctrl-far-'))
  stage = await Stage.open()
  wg = await open({ backends: [stage.backend] })
  const path = join(folder, 'wg.sock')
  server = await serve(wg, path, { allow: { calls: ['read', 'handshakes', 'peers'] } })
  far = await connect(path)
  const [client] = (await stage.addClients(1)) as [Client]
  return client
}

it('a gateway looks clients up where its program is, which hears of each', async () => {
  const client = await withOneClient()
  const asked: string[] = []
  const events: JustInTimeEvent[] = []
  const gate = await far.justInTime(stage.device, {
    lookup: async (key, initiation) => {
      expect(initiation).toMatchObject({ publicKey: key, timestamp: expect.any(Date) })
      asked.push(key)
      return stage.peerOf(key)
    },
    onEvent: (event) => events.push(event),
  })
  await vi.waitFor(async () => expect(await client.ping(5)).toBeDefined(), eventually)
  expect(asked).toEqual([client.publicKey])
  await vi.waitFor(
    () => expect(events).toMatchObject([{ type: 'installed', publicKey: client.publicKey }]),
    eventually,
  )
  await vi.waitFor(() => expect(gate.counters).toMatchObject({ found: 1, lookups: 1 }), eventually)
  expect(gate.size).toBe(1)
  expect(await gate.release([client.publicKey])).toEqual([client.publicKey])
  expect(await stage.present()).toEqual([])
  expect(gate.size).toBe(0)
  await gate.close()
  await gate.finished
})

it('handshakes and events are heard where the program is, as they come', async () => {
  const client = await withOneClient()
  await using handshakes = far.handshakes(stage.device)
  await handshakes.start()
  const heard = handshakes.next()
  await client.ping(1)
  const { value: initiation } = await heard
  expect(initiation).toMatchObject({ publicKey: client.publicKey, known: false })
  await vi.waitFor(() => expect(handshakes.counters.delivered).toBeGreaterThan(0), eventually)
  await using watcher = far.watch(stage.device, { interval: 100 })
  const added = watcher.next()
  const { publicKey } = client
  const change = { peers: [{ publicKey, ...stage.peerOf(publicKey) }] }
  // The watch begins with a look of its own.
  await vi.waitFor(async () => {
    await far.configure(stage.device, { peers: [{ publicKey, remove: true }] })
    await far.configure(stage.device, change)
    const first = await Promise.race([added, new Promise((resolve) => setTimeout(resolve, 500))])
    expect(first).toMatchObject({ value: { device: stage.device, publicKey } })
  }, eventually)
})

it('a ledger has what a peer had when its program removes it', async () => {
  const client = await withOneClient()
  const { publicKey } = client
  await far.configure(stage.device, { peers: [{ publicKey, ...stage.peerOf(publicKey) }] })
  const ledger = new TrafficLedger()
  await using keeper = far.keepLedger(ledger, { device: stage.device, interval: 3_600_000 })
  await vi.waitFor(() => expect(ledger.toJSON().devices).toHaveProperty(stage.device), eventually)
  await vi.waitFor(async () => expect(await client.ping(5)).toBeDefined(), eventually)
  const { peers } = await far.device(stage.device)
  await far.configure(stage.device, { peers: [{ publicKey, remove: true }] })
  expect(ledger.total(publicKey).receivedBytes).toBeGreaterThanOrEqual(peers[0]?.receivedBytes ?? 1)
  await keeper.close()
  expect(ledger.toJSON().devices).toEqual({ [stage.device]: {} })
})
