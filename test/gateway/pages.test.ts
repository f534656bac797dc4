import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { jetstream } from '@nats-io/jetstream'
import { type KV, Kvm } from '@nats-io/kv'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { start } from '../cli/program.js'
import { eventually } from '../events/hearing.js'
import { type Client, Stage } from '../events/stage.js'
import { answered, gateFolder } from './gate.js'
import { NatsServer } from './nats-server.js'

const listen = '127.0.0.1:9587'

let stage: Stage
let folder: string
let server: NatsServer
let connection: NatsConnection
let bucket: KV

beforeEach(async () => {
  stage = await Stage.open('wg0')
  folder = await gateFolder(stage)
  server = await NatsServer.open()
  connection = await connect({
    servers: server.url,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
  })
  bucket = await new Kvm(jetstream(connection)).create('wireguard-clients', { history: 1 })
  const config = {
    interface: { file: 'wg0.conf' },
    store: { type: 'nats', servers: server.url, timeout: '500ms' },
    cache: { maxAge: '2h' },
    fleet: { id: 'one', ttl: '2s' },
    listen,
  }
  await writeFile(join(folder, 'gateway.json'), JSON.stringify(config), { mode: 0o600 })
})

afterEach(async () => {
  await connection.close()
  await server[Symbol.asyncDispose]()
  await stage[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

/** The gateway's metrics by name, and by outcome where they have one. */
async function metrics(): Promise<Record<string, number>> {
  const page = await (await fetch(`http://${listen}/metrics`)).text()
  const line = /^wireguard_gateway_(\w+)\{interface="wg0"(?:,outcome="(\w+)")?\} (\S+)$/gm
  return Object.fromEntries(
    [...page.matchAll(line)].map(([, name, outcome, value]) => [
      outcome === undefined ? name : `${name} ${outcome}`,
      Number(value),
    ]),
  )
}

const health = async (): Promise<{ code: number; body: unknown }> => {
  const response = await fetch(`http://${listen}/health`)
  return { code: response.status, body: await response.json() }
}

const put = ({ publicKey }: Client, value: string): Promise<number> =>
  bucket.put(Buffer.from(publicKey, 'base64').toString('base64url'), value)

it('the pages say how a gateway is, with its store and its fleet, and without', async () => {
  const [alice, bob] = (await stage.addClients(2)) as [Client, Client]
  await put(alice, JSON.stringify({ allowedIPs: [`${alice.address}/32`] }))
  const gateway = start(['gateway', '--config', join(folder, 'gateway.json')])
  await gateway.says(/fleet-joined/)
  await answered(alice)
  await gateway.says(/ moved publicKey=/)
  const revision = await put(bob, 'nonsense')
  await gateway.says(/store-problem/)
  await vi.waitFor(
    async () => expect((await metrics())['store_revision']).toBe(revision),
    eventually,
  )
  expect(await metrics()).toMatchObject({
    peers: 1,
    store_up: 1,
    store_away_seconds: 0,
    store_revision: revision,
    store_changes_waiting: 0,
    'store_problems_total problem': 1,
    answers_kept: 1,
    answers_max_age_seconds: 7200,
    fleet_up: 1,
    'clients_total installed': 1,
    'clients_total moved': 1,
    'clients_total left': 0,
    'clients_total kept': 0,
    'clients_total changesFailed': 0,
    'initiations_total received': 1,
    'initiations_total delivered': 1,
  })
  expect(await health()).toEqual({
    code: 200,
    body: {
      status: 'ok',
      device: 'wg0',
      peers: 1,
      store: { isAway: false, awaySeconds: 0, revision, waiting: 0 },
      fleet: { isAway: false },
    },
  })
  await server.kill()
  await gateway.says(/store-away/)
  await stage.backend.configure('wg0', { peers: [{ publicKey: alice.publicKey, remove: true }] })
  await vi.waitFor(async () => expect((await metrics())['peers']).toBe(0), eventually)
  await alice.forgetSession()
  await answered(alice)
  await vi.waitFor(
    async () =>
      expect(await metrics()).toMatchObject({
        peers: 1,
        store_up: 0,
        fleet_up: 0,
        'clients_total installed': 2,
        'clients_total kept': 1,
      }),
    eventually,
  )
  expect((await metrics())['store_away_seconds']).toBeGreaterThan(0)
  // Clients are let in: nobody is to be sent elsewhere.
  expect(await health()).toMatchObject({
    code: 200,
    body: { status: 'store away', store: { isAway: true, revision }, fleet: { isAway: true } },
  })
  await server.start()
  await gateway.says(/store-back/)
  await vi.waitFor(
    async () =>
      expect(await metrics()).toMatchObject({ store_up: 1, store_away_seconds: 0, fleet_up: 1 }),
    eventually,
  )
  gateway.kill('SIGTERM')
  expect(await gateway.status()).toBe(0)
})
