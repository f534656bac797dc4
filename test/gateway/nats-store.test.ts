import { rm } from 'node:fs/promises'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { type KV, Kvm } from '@nats-io/kv'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { sealPresharedKey } from '@wgctrl/gateway'
import { generatePresharedKey, type PublicKey, publicKey } from '@wgctrl/types'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { eventually } from '../events/hearing.js'
import { type Client, Stage } from '../events/stage.js'
import { answered, type Gate, gateFolder, openGate } from './gate.js'
import { NatsServer } from './nats-server.js'

let stage: Stage
let folder: string
let server: NatsServer
let gate: Gate | undefined
let connection: NatsConnection
let bucket: KV

const open = async (): Promise<Gate> => {
  const store = { type: 'nats', servers: server.url, timeout: '500ms' }
  gate = await openGate(stage, folder, { store, lookupTimeout: '1s' })
  return gate
}
/** The same, and it has heard of the bucket. */
const follow = async (): Promise<Gate> => {
  const opened = await open()
  await vi.waitFor(() => expect(isAway()).toBe(false), eventually)
  return opened
}
const keyOf = (client: Client): string =>
  Buffer.from(client.publicKey, 'base64').toString('base64url')
const put = (client: Client, allowedIPs = [`${client.address}/32`]): Promise<number> =>
  bucket.put(keyOf(client), JSON.stringify({ allowedIPs, name: `client${client.index}` }))
const isAway = (): boolean => gate?.gateway.state().store.isAway ?? true

async function openBucket(): Promise<void> {
  connection = await connect({
    servers: server.url,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
  })
  bucket = await new Kvm(jetstream(connection)).create('wireguard-clients', { history: 1 })
}

beforeEach(async () => {
  gate = undefined
  stage = await Stage.open()
  folder = await gateFolder(stage)
  server = await NatsServer.open()
  await openBucket()
})

afterEach(async () => {
  vi.restoreAllMocks()
  await gate?.gateway.stop()
  await connection.close()
  await server[Symbol.asyncDispose]()
  await stage[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

it('lets in who is in the bucket; who is removed is gone within a second, who is changed changed', async () => {
  const [stays, changes, leaves, stranger] = (await stage.addClients(4)) as [
    Client,
    Client,
    Client,
    Client,
  ]
  for (const client of [stays, changes, leaves]) await put(client)
  await follow()
  for (const client of [stays, changes, leaves]) await answered(client)
  expect(await stranger.ping(1)).toBeUndefined()
  const begun = performance.now()
  await bucket.delete(keyOf(leaves))
  await vi.waitFor(() => expect(gate?.keysOf('revoked')).toEqual([leaves.publicKey]), eventually)
  console.log(`revoked: gone after ${Math.round(performance.now() - begun)} ms`)
  await put(changes, [`${changes.address}/32`, '10.8.200.0/24'])
  await vi.waitFor(() => expect(gate?.keysOf('changed')).toEqual([changes.publicKey]), eventually)
  await put(stranger)
  await answered(stranger)
  await bucket.put('nonsense', 'x')
  await bucket.put(keyOf(stays), '{ "allowedIPs": "all" }')
  const problems = () => gate?.events.filter(({ type }) => type === 'store-problem')
  await vi.waitFor(() => expect(problems()).toHaveLength(2), eventually)
  expect(problems()).toMatchObject([{ place: 'nonsense' }, { place: stays.publicKey }])
  expect(await stays.ping(60)).toBeDefined()
})

it('takes out who is removed because the watch tells of it, and no later look', async () => {
  const [leaves] = (await stage.addClients(1)) as [Client]
  await put(leaves)
  const { keysOf, events } = await follow()
  await answered(leaves)
  const calls = Object.getPrototypeOf(bucket) as KV
  vi.spyOn(calls, 'status').mockReturnValue(new Promise(() => {}))
  vi.spyOn(calls, 'get').mockRejectedValue(new Error('nobody is asked for'))
  await bucket.delete(keyOf(leaves))
  await vi.waitFor(() => expect(keysOf('revoked')).toEqual([leaves.publicKey]), eventually)
  expect(await stage.present()).toEqual([])
  expect(events.filter(({ type }) => type === 'store-away')).toEqual([])
})

it('lets a client in with a sealed preshared key; one that cannot be opened changes nothing', async () => {
  const [client, other] = (await stage.addClients(2)) as [Client, Client]
  const gateway = publicKey(stage.privateKey)
  const presharedKey = generatePresharedKey()
  const seal = (whose: Client): string =>
    sealPresharedKey(presharedKey, { gateway, client: whose.publicKey as PublicKey })
  const peers = [{ publicKey: gateway, presharedKey, updateOnly: true }]
  await client.backend.configure(client.device, { peers })
  const putSealed = (sealedPresharedKey: string): Promise<number> => {
    const allowedIPs = [`${client.address}/32`]
    return bucket.put(keyOf(client), JSON.stringify({ allowedIPs, sealedPresharedKey }))
  }
  await putSealed(seal(client))
  await put(other)
  const { keysOf, events } = await follow()
  await answered(client)
  await putSealed(seal(other))
  const told = () => events.find(({ type }) => type === 'store-problem')
  await vi.waitFor(() => expect(told()).toMatchObject({ place: client.publicKey }), eventually)
  await answered(other)
  expect(await client.ping(60)).toBeDefined()
  expect([...keysOf('changed'), ...keysOf('revoked')]).toEqual([])
})

it('goes on without the server, and catches up by revision when it is back', async () => {
  const [stays, returns, leaves, stranger] = (await stage.addClients(4)) as [
    Client,
    Client,
    Client,
    Client,
  ]
  for (const client of [stays, returns, leaves]) await put(client)
  const { gateway, keysOf } = await follow()
  for (const client of [stays, returns, leaves]) await answered(client)
  await server.kill()
  await vi.waitFor(() => expect(isAway()).toBe(true), eventually)
  expect(await stays.ping(60)).toBeDefined()
  // One that is known comes anew, as after its device lost the session.
  await stage.backend.configure(stage.device, {
    peers: [{ publicKey: returns.publicKey, remove: true }],
  })
  await vi.waitFor(() => expect(gateway.state().peers).toBe(2), eventually)
  await returns.forgetSession()
  await answered(returns)
  expect(keysOf('kept')).toContain(returns.publicKey)
  expect(await stranger.ping(1)).toBeUndefined()
  await server.start()
  await vi.waitFor(async () => {
    await bucket.delete(keyOf(leaves))
  }, eventually)
  const revision = await put(stranger)
  await vi.waitFor(() => expect(keysOf('revoked')).toEqual([leaves.publicKey]), eventually)
  await vi.waitFor(() => expect(gateway.state().store.revision).toBe(revision), eventually)
  await answered(stranger)
  expect(gateway.state().store).toMatchObject({ isAway: false, waiting: 0 })
})

it('notices a server that says nothing any more, and takes over what it missed meanwhile', async () => {
  const [leaves] = (await stage.addClients(1)) as [Client]
  await put(leaves)
  const { keysOf, events } = await follow()
  await answered(leaves)
  server.freeze()
  await vi.waitFor(() => expect(isAway()).toBe(true), eventually)
  server.thaw()
  await vi.waitFor(async () => {
    await bucket.delete(keyOf(leaves))
  }, eventually)
  await vi.waitFor(() => expect(keysOf('revoked')).toEqual([leaves.publicKey]), eventually)
  await vi.waitFor(() => expect(isAway()).toBe(false), eventually)
  const types = events.map(({ type }) => type)
  expect(types.filter((type) => type === 'store-away')).toHaveLength(1)
})

it('starts without a server, keeps who is in, and asks for all of them when there is one', async () => {
  const [stays, leaves] = (await stage.addClients(2)) as [Client, Client]
  for (const client of [stays, leaves]) await put(client)
  await follow()
  for (const client of [stays, leaves]) await answered(client)
  await gate?.gateway.stop()
  await bucket.delete(keyOf(leaves))
  await server.kill()
  const { gateway, keysOf } = await open()
  expect(gateway.state()).toMatchObject({ peers: 2, store: { isAway: true } })
  expect(await leaves.ping(60)).toBeDefined()
  await server.start()
  await vi.waitFor(() => expect(keysOf('revoked')).toEqual([leaves.publicKey]), eventually)
  expect(await stage.present()).toEqual([stays.publicKey])
})

it('asks for all when the bucket is another of the same name', async () => {
  const [stays, leaves] = (await stage.addClients(2)) as [Client, Client]
  for (const client of [stays, leaves]) await put(client)
  const { keysOf } = await follow()
  for (const client of [stays, leaves]) await answered(client)
  await bucket.destroy()
  bucket = await new Kvm(jetstream(connection)).create('wireguard-clients', { history: 1 })
  for (let n = 0; n < 5; n++) await put(stays)
  await server.kill()
  await server.start()
  await vi.waitFor(() => expect(keysOf('revoked')).toEqual([leaves.publicKey]), eventually)
  expect(await stage.present()).toEqual([stays.publicKey])
})

it.each([0, 5])(
  'notices by itself a bucket that was made anew and has %s changes more',
  async (more) => {
    const [stays, leaves] = (await stage.addClients(2)) as [Client, Client]
    for (const client of [leaves, stays]) await put(client)
    const { gateway, keysOf, events } = await follow()
    for (const client of [stays, leaves]) await answered(client)
    await bucket.destroy()
    await vi.waitFor(() => expect(isAway()).toBe(true), eventually)
    expect(events).toContainEqual({
      type: 'store-away',
      error: expect.objectContaining({ message: expect.stringContaining('wireguard-clients') }),
    })
    bucket = await new Kvm(jetstream(connection)).create('wireguard-clients', { history: 1 })
    let revision = await put(stays)
    for (let n = 0; n < more; n++) revision = await put(stays)
    await vi.waitFor(() => expect(keysOf('revoked')).toEqual([leaves.publicKey]), eventually)
    await vi.waitFor(() => expect(gateway.state().store.revision).toBe(revision), eventually)
    expect(await stage.present()).toEqual([stays.publicKey])
  },
)

it('notices a bucket that another took the place of in between two looks', async () => {
  const [stays, leaves] = (await stage.addClients(2)) as [Client, Client]
  for (const client of [leaves, stays]) await put(client)
  const { keysOf } = await follow()
  for (const client of [stays, leaves]) await answered(client)
  await bucket.destroy()
  bucket = await new Kvm(jetstream(connection)).create('wireguard-clients', { history: 1 })
  for (let n = 0; n < 5; n++) await put(stays)
  await vi.waitFor(() => expect(keysOf('revoked')).toEqual([leaves.publicKey]), eventually)
  expect(await stage.present()).toEqual([stays.publicKey])
})

it('asks for all when keys went out of the bucket without a marker', async () => {
  const [stays, leaves, other] = (await stage.addClients(3)) as [Client, Client, Client]
  for (const client of [stays, leaves, other]) await put(client)
  const { keysOf, events } = await follow()
  for (const client of [stays, leaves, other]) await answered(client)
  const manager = await jetstreamManager(connection)
  const filter = `$KV.wireguard-clients.${keyOf(leaves)}`
  await manager.streams.purge('KV_wireguard-clients', { filter })
  await vi.waitFor(() => expect(keysOf('revoked')).toEqual([leaves.publicKey]), eventually)
  await bucket.delete(keyOf(other))
  await vi.waitFor(() => expect(keysOf('revoked')).toContain(other.publicKey), eventually)
  expect(await stage.present()).toEqual([stays.publicKey])
  expect(events.filter(({ type }) => type === 'store-away')).toEqual([])
})
