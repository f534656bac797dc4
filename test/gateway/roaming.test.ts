import { setMaxListeners } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { jetstream } from '@nats-io/jetstream'
import { type KV, type KvEntry, Kvm } from '@nats-io/kv'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { generatePrivateKey, slept } from '@wgctrl/types'
import { UserspaceBackend } from '@wgctrl/uapi'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { isolate } from '../contract/harnesses/isolation.js'
import { eventually } from '../events/hearing.js'
import { NatsServer } from './nats-server.js'
import { RoamingClient } from './roaming/client.js'
import { suffer } from './roaming/faults.js'
import { RoamingGateway } from './roaming/gateway.js'
import { hearHandshakes } from './roaming/handshakes.js'
import { Holders } from './roaming/holders.js'
import { sizes } from './roaming/sizes.js'
import { story } from './roaming/story.js'
import { judge, throughThough } from './roaming/verdict.js'
import { clock, forward } from './roaming/world.js'

/** Milliseconds for which a client may be at two gateways that can tell each other. */
const MOST_AT_TWO = 1000

/** Milliseconds after which a gateway that was cut off tells the others again: TCP tries once a second. */
const MOST_APART = 5000

let folder: string
let backend: UserspaceBackend
let nats: NatsServer
let connection: NatsConnection
let bucket: KV
let ended: AbortController

beforeAll(async () => {
  await isolate()
  await forward()
  folder = await mkdtemp(join(tmpdir(), 'wgctrl-roaming-'))
  backend = new UserspaceBackend()
  nats = await NatsServer.open('0.0.0.0')
  connection = await connect({
    servers: nats.url,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 50,
    timeout: 1000,
  })
  bucket = await new Kvm(jetstream(connection)).create('wireguard-clients', { history: 1 })
})

afterAll(async () => {
  await connection.close()
  await nats[Symbol.asyncDispose]()
  await backend[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

const open = (name: string, timeout = 5000): Promise<KV> =>
  new Kvm(jetstream(connection, { timeout })).open(name)
const keyOf = ({ publicKey }: { publicKey: string }): string =>
  Buffer.from(publicKey, 'base64').toString('base64url')
const between = (least: number, most: number): number => least + (most - least) * Math.random()
const any = <T>(of: readonly T[]): T => of[Math.floor(Math.random() * of.length)] as T

/**
 * Where a client is by its entry. That of one who never came again to a gateway that lost its device says that it is there,
 * for a day at most.
 */
function whereOf(entry: KvEntry | null, gateways: readonly RoamingGateway[]): string[] {
  if (entry?.operation !== 'PUT') return []
  const { gateway, time } = entry.json<{ gateway: string; time: number }>()
  const { lostAt = 0 } = gateways.find(({ name }) => name === gateway) ?? {}
  return time < lostAt ? [] : [gateway]
}

/** What the bucket has to have for a client. */
const records = new Map<RoamingClient, string[]>()

async function allow(client: RoamingClient, more: string[] = []): Promise<void> {
  const allowedIPs = [`${client.address}/32`, ...more]
  // Gateways may hear of it before this process does.
  client.revoked.end()
  await bucket.put(keyOf(client), JSON.stringify({ allowedIPs, name: client.name }))
  noteAllowed(client, allowedIPs)
}

function noteAllowed(client: RoamingClient, allowedIPs: string[]): void {
  records.set(client, allowedIPs)
  client.revoked.end()
  // A change is in effect within a second.
  client.allowed.begin(clock() + 1000)
}

async function revoke(client: RoamingClient): Promise<void> {
  client.allowed.end()
  await bucket.delete(keyOf(client))
  noteRevoked(client)
}

function noteRevoked(client: RoamingClient): void {
  records.delete(client)
  client.allowed.end()
  client.revoked.begin()
}

/** Goes from one gateway to another at random, also to one that is not there. */
async function roam(client: RoamingClient, gateways: readonly RoamingGateway[]): Promise<void> {
  const [least, most] = sizes.stay
  while (await slept(between(least * 1000, most * 1000), ended.signal)) {
    await client.goTo(any(gateways))
  }
}

/** Revokes clients and lets them in again, and changes others. */
async function administer(clients: readonly RoamingClient[]): Promise<void> {
  for (let round = 0; await slept(between(500, 2000), ended.signal); round++) {
    const client = any(clients)
    const isIn = records.has(client)
    const own = client.address.split('.').at(-1)
    const change =
      isIn && round % 3 === 0 ? revoke(client) : allow(client, [`10.9.${own}.${round % 256}/32`])
    await change.catch(() => lookAgain(client))
  }
}

/** A change that failed, since the server was away, may have been made all the same. */
async function lookAgain(client: RoamingClient): Promise<void> {
  for (;;) {
    try {
      const entry = await bucket.get(keyOf(client))
      if (entry?.operation !== 'PUT') return noteRevoked(client)
      return noteAllowed(client, entry.json<{ allowedIPs: string[] }>().allowedIPs)
    } catch {
      await slept(100, ended.signal)
    }
  }
}

it(`${sizes.clients} clients roam between three gateways while those, NATS and the network fail`, async () => {
  ended = new AbortController()
  setMaxListeners(0, ended.signal)
  const key = generatePrivateKey()
  const gateways: RoamingGateway[] = []
  for (const index of [1, 2, 3]) {
    const servers = `10.67.${index}.1:${nats.port}`
    gateways.push(await RoamingGateway.make(index, folder, { servers, key }))
  }
  await Promise.all(gateways.map((gateway) => gateway.start()))
  const clients: RoamingClient[] = []
  for (let index = 1; index <= sizes.clients; index++) {
    const client = await RoamingClient.make(index, backend)
    clients.push(client)
    await allow(client)
  }
  const handshakes = await hearHandshakes('10.66')
  for (const client of clients) {
    await client.goTo(any(gateways))
    client.ping()
  }
  await vi.waitFor(() => {
    if (clients.some(({ answers }) => answers.length === 0)) throw new Error('not all answered')
  }, eventually)

  const holders = new Holders(backend, gateways)
  const work = [...clients.map((client) => roam(client, gateways)), administer(clients)]
  // A request that is made while the server is away is lost: what is measured is the gateways, and not how long it is waited for.
  const there = await open('wireguard-gateways', 250)
  const seenAt = async ({ name }: RoamingGateway): Promise<number> => {
    const entry = await there.get(name).catch(() => null)
    return entry?.operation === 'PUT' ? entry.json<{ time: number }>().time : 0
  }
  const begun = clock()
  const apart: number[] = []
  for (const [fault, at, lasts] of sizes.faults) {
    await slept(Math.max(0, begun + at * 1000 - clock()), ended.signal)
    const context = { gateways, nats, backend, seenAt, signal: ended.signal }
    apart.push(await suffer(fault, any(gateways), lasts, context))
  }
  await slept(Math.max(0, begun + sizes.seconds * 1000 - clock()), ended.signal)
  ended.abort()
  await Promise.all(work)

  // Who initiated last has two seconds as well.
  await slept(2000, new AbortController().signal)
  await holders.stop()
  const { streamInfo } = await bucket.status()
  const ofClients = new Set(clients.map(({ outer }) => outer.address))
  const initiations = handshakes.filter(
    ({ kind, from }) => kind === 'initiation' && ofClients.has(from),
  )
  const judged = judge(initiations, clients)
  const late = judged.filter(({ after }) => after === Number.POSITIVE_INFINITY)
  const times = judged.map(({ after }) => after).sort((a, b) => a - b)
  const atTwo = clients.map(({ name, publicKey }) => ({ name, ...holders.longestAtTwo(publicKey) }))
  const longest = Math.max(...atTwo.map(({ milliseconds }) => milliseconds))
  const moves = clients.reduce((sum, { stays }) => sum + stays.length, 0)
  const revocations = clients.reduce((sum, one) => sum + one.revoked.count, 0)
  console.log(
    [
      `${moves} moves, ${initiations.length} initiations, ${judged.length} of them with a path`,
      `answered after ${Math.round(times[Math.floor(times.length / 2)] ?? 0)} ms (median), ${Math.round(times.at(-1) ?? 0)} ms`,
      `at two gateways for ${Math.round(longest)} ms at most`,
      `together again after ${apart.map(Math.round).join(', ')} ms`,
      `${revocations} revocations, revision ${streamInfo.state.last_seq}`,
    ].join('\n'),
  )
  const long = atTwo.filter(({ milliseconds }) => milliseconds > MOST_AT_TWO)
  for (const { name, milliseconds, from } of long) {
    console.log(`${name}: at two gateways for ${Math.round(milliseconds)} ms from ${from}`)
  }
  const through = clients
    .map((client) => [client.name, throughThough(client)] as const)
    .filter(([, late]) => late.length > 0)
  const unusual = [
    ...late.map(({ client }) => client),
    ...long.map(({ name }) => name),
    ...through.map(([name]) => name),
  ]
  for (const name of new Set(unusual)) {
    const client = clients.find((one) => one.name === name) as RoamingClient
    console.log(story(client, gateways, handshakes).join('\n'))
  }
  // All that were told are where they should be, and nothing waits.
  for (const gateway of gateways) {
    await vi.waitFor(async () => {
      expect(await gateway.metric('store_revision')).toBe(streamInfo.state.last_seq)
      expect(await gateway.metric('store_changes_waiting')).toBe(0)
    }, eventually)
  }
  const presence = await open('wireguard-presence')
  for (const client of clients) {
    await vi
      .waitFor(async () => {
        const entry = await presence.get(keyOf(client))
        const at = whereOf(entry, gateways)
        expect(await holders.now(client.publicKey)).toEqual(at)
        if (!records.has(client)) expect(at).toEqual([])
      }, eventually)
      .catch((error) => {
        console.log(story(client, gateways, handshakes).join('\n'))
        throw error
      })
  }
  for (const gateway of gateways) {
    const { peers } = await backend.device(gateway.device)
    for (const { publicKey, allowedIPs } of peers) {
      const client = clients.find((one) => one.publicKey === publicKey) as RoamingClient
      expect([...allowedIPs].sort()).toEqual([...(records.get(client) ?? [])].sort())
    }
  }
  for (const gateway of gateways) expect(await gateway.stop()).toBe(0)

  expect(judged.length).toBeGreaterThan(sizes.clients)
  expect(judged.some(({ isWithStore }) => !isWithStore)).toBe(true)
  expect(late).toEqual([])
  expect(long).toEqual([])
  expect(revocations).toBeGreaterThan(0)
  expect(through).toEqual([])
  for (const milliseconds of apart) expect(milliseconds).toBeLessThan(MOST_APART)
})
