import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { eventually } from '../events/hearing.js'
import { type Client, Stage } from '../events/stage.js'
import { ClientService } from './client-service.js'
import { answered, type Gate, gateFolder, openGate } from './gate.js'

let stage: Stage
let folder: string
let service: ClientService
let gate: Gate

beforeEach(async () => {
  stage = await Stage.open()
  folder = await gateFolder(stage)
  service = await ClientService.open()
  await writeFile(join(folder, 'token'), service.token, { mode: 0o600 })
})

afterEach(async () => {
  await gate?.gateway.stop()
  await service[Symbol.asyncDispose]()
  await stage[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

const put = (client: Client, ...more: string[]): number =>
  service.set(client.publicKey, [`${client.address}/32`, ...more])

/** The networks that the device has for a client. */
async function networksOf(client: Client): Promise<readonly string[] | undefined> {
  const { peers } = await stage.backend.device(stage.device)
  return peers.find(({ publicKey }) => publicKey === client.publicKey)?.allowedIPs
}

describe.each([
  ['polling', { url: '/changes', by: 'poll', interval: '100ms' }],
  ['server-sent events', { url: '/events', by: 'events' }],
])('a gateway whose clients are behind a URL, which tells of changes by %s', (_, changes) => {
  it('has them as the service says, goes on without it, and catches up', async () => {
    const [stays, leaves, returns, stranger] = (await stage.addClients(4)) as [
      Client,
      Client,
      Client,
      Client,
    ]
    for (const client of [stays, leaves, returns]) put(client)
    const store = {
      type: 'http',
      url: `${service.url}/clients/{key}`,
      tokenFile: 'token',
      changes: { ...changes, url: `${service.url}${changes.url}` },
    }
    gate = await openGate(stage, folder, { store })
    const { gateway, keysOf } = gate
    for (const client of [stays, leaves, returns]) await answered(client)
    expect(await stranger.ping(1)).toBeUndefined()
    await vi.waitFor(() => expect(keysOf('unknown')).toContain(stranger.publicKey), eventually)

    put(stays, '10.8.200.0/24')
    await vi.waitFor(() => expect(keysOf('changed')).toEqual([stays.publicKey]), eventually)
    expect([...((await networksOf(stays)) ?? [])].sort()).toEqual(
      [`${stays.address}/32`, '10.8.200.0/24'].sort(),
    )
    service.leave()
    await vi.waitFor(() => expect(gateway.state().store.isAway).toBe(true), eventually)
    await stage.backend.configure(stage.device, {
      peers: [{ publicKey: returns.publicKey, remove: true }],
    })
    await vi.waitFor(() => expect(gateway.state().peers).toBe(2), eventually)
    await returns.forgetSession()
    await answered(returns)
    await vi.waitFor(() => expect(keysOf('kept')).toContain(returns.publicKey), eventually)
    service.set(leaves.publicKey, null)
    const revision = put(stranger)
    expect(await leaves.ping(60)).toBeDefined()

    service.isAway = false
    await vi.waitFor(() => expect(keysOf('revoked')).toEqual([leaves.publicKey]), eventually)
    await vi.waitFor(() => expect(gateway.state().store.revision).toBe(revision), eventually)
    expect(gateway.state().store).toMatchObject({ isAway: false, waiting: 0 })
    await answered(stranger)
    expect(await networksOf(leaves)).toBeUndefined()
  })
})

it('lets in who was nobody before changes were lost', async () => {
  const [, stranger] = (await stage.addClients(2)) as [Client, Client]
  const changes = { url: `${service.url}/changes`, interval: '100ms' }
  const store = { type: 'http', url: `${service.url}/clients/{key}`, tokenFile: 'token', changes }
  gate = await openGate(stage, folder, { store, negativeTtl: '1h' })
  const { gateway, keysOf } = gate
  expect(await stranger.ping(1)).toBeUndefined()
  await vi.waitFor(() => expect(keysOf('unknown')).toEqual([stranger.publicKey]), eventually)
  service.leave()
  await vi.waitFor(() => expect(gateway.state().store.isAway).toBe(true), eventually)
  put(stranger)
  service.forgetChanges()
  service.isAway = false
  await answered(stranger)
})

it('knows a service that tells of no changes to be away and to be back, and keeps what it said', async () => {
  const [stays, leaves, returns, stranger] = (await stage.addClients(4)) as [
    Client,
    Client,
    Client,
    Client,
  ]
  for (const client of [stays, leaves, returns]) put(client)
  const url = `${service.url}/clients/{key}`
  const store = { type: 'http', url, tokenFile: 'token', refresh: '500ms' }
  gate = await openGate(stage, folder, { store, lookupTimeout: '60s' })
  const { gateway, events, keysOf } = gate
  for (const client of [stays, leaves, returns]) await answered(client)
  service.set(leaves.publicKey, null)
  await vi.waitFor(() => expect(keysOf('revoked')).toEqual([leaves.publicKey]), eventually)
  await stage.backend.configure(stage.device, {
    peers: [{ publicKey: returns.publicKey, remove: true }],
  })
  await vi.waitFor(() => expect(gateway.state().peers).toBe(1), eventually)
  // Of who is not in any more no pass has asked since then.
  const { revision = 0 } = gateway.state().store
  await vi.waitFor(
    () => expect(gateway.state().store.revision).toBeGreaterThan(revision + 2),
    eventually,
  )
  service.leave()
  await vi.waitFor(() => expect(gateway.state().store.isAway).toBe(true), eventually)
  await returns.forgetSession()
  await answered(returns)
  expect(keysOf('kept')).toEqual([returns.publicKey])
  put(stranger)
  expect(await stranger.ping(1)).toBeUndefined()
  service.isAway = false
  await answered(stranger)
  const failed = events.flatMap((event) => (event.type === 'failed' ? [event.publicKey] : []))
  expect(failed).not.toContain(stranger.publicKey)
  await vi.waitFor(() => expect(gateway.state().store.isAway).toBe(false), eventually)
})
