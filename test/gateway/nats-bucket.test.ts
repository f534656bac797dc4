import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { type KV, Kvm } from '@nats-io/kv'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { generatePrivateKey, type PublicKey, publicKey } from '@wgctrl/types'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { checkStoreConfig } from '../../packages/gateway/src/config/check-store.js'
import { openStore } from '../../packages/gateway/src/store/open-store.js'
import type { ClientStore, StoreChange } from '../../packages/gateway/src/store/store.js'
import { eventually } from '../events/hearing.js'
import { NatsServer } from './nats-server.js'

const [key, other] = [publicKey(generatePrivateKey()), publicKey(generatePrivateKey())]
const record = { allowedIPs: ['10.0.0.1/32'] }
const never = new Promise<never>(() => {})

let server: NatsServer
let connection: NatsConnection
let bucket: KV
let store: ClientStore
let ended: AbortController

beforeEach(async () => {
  ended = new AbortController()
  server = await NatsServer.open()
  connection = await connect({ servers: server.url })
  bucket = await new Kvm(jetstream(connection)).create('wireguard-clients', { history: 1 })
  store = await open()
})

function open(more: object = {}): Promise<ClientStore> {
  const config = { type: 'nats', servers: server.url, timeout: '30s', ...more }
  return openStore(checkStoreConfig(config, '/'), {}, { onProblem: () => {} })
}

afterEach(async () => {
  vi.restoreAllMocks()
  ended.abort()
  await store[Symbol.asyncDispose]()
  await connection.close()
  await server[Symbol.asyncDispose]()
})

const nameOf = (whose: PublicKey): string => Buffer.from(whose, 'base64').toString('base64url')
const put = (whose: PublicKey): Promise<number> => bucket.put(nameOf(whose), JSON.stringify(record))

/** Takes a client's key out without a marker. */
async function drop(whose: PublicKey): Promise<void> {
  const { streams } = await jetstreamManager(connection)
  await streams.purge('KV_wireguard-clients', { filter: `$KV.wireguard-clients.${nameOf(whose)}` })
}

/** What the store tells from a revision on. */
function following(since?: number): () => Promise<StoreChange> {
  const { signal } = ended
  const changes = store.changes({ since, signal })[Symbol.asyncIterator]()
  return async () => (await changes.next()).value as StoreChange
}

/** A call of buckets, also of the store's own. */
const spyOn = (call: 'status' | 'get') => vi.spyOn(Object.getPrototypeOf(bucket) as KV, call)

it('is told of by its watch at once, without a look at it', async () => {
  const last = await put(key)
  const next = following()
  expect(await next()).toEqual({ type: 'lost', revision: last })
  spyOn('status').mockReturnValue(never)
  const get = spyOn('get')
  await bucket.delete(nameOf(key))
  expect(await next()).toEqual({ type: 'revoked', publicKey: key, revision: last + 1 })
  expect(get).not.toHaveBeenCalled()
})

it('is there when a look at it takes too long', async () => {
  const next = following()
  await next()
  const status = spyOn('status')
  const slow = Object.assign(new Error('timeout'), { name: 'TimeoutError' })
  status.mockRejectedValueOnce(slow)
  await vi.waitFor(() => expect(status.mock.results.length).toBeGreaterThan(1), eventually)
  const revision = await put(key)
  expect(await next()).toMatchObject({ type: 'changed', publicKey: key, revision })
})

it('has all asked for when keys went out of it, also while nobody followed it', async () => {
  await put(key)
  const last = await put(other)
  const next = following()
  await next()
  await drop(key)
  expect(await next()).toEqual({ type: 'lost', revision: last })
  ended.abort()
  await next()
  await drop(other)
  ended = new AbortController()
  expect(await following(last)()).toEqual({ type: 'lost', revision: last })
  ended.abort()
  ended = new AbortController()
  expect(await following(last)()).toEqual({ type: 'current', revision: last })
})

it('is read from its leader until all copies have what was not told', async () => {
  const reads: string[] = []
  const listen = (subject: string, by: string) =>
    connection.subscribe(`$JS.API.${subject}`, { callback: () => void reads.push(by) })
  listen('STREAM.MSG.GET.KV_wireguard-clients', 'leader')
  listen('DIRECT.GET.KV_wireguard-clients.>', 'any')
  await put(key)
  const readBy = async (): Promise<string | undefined> => {
    await store.find(key, { signal: ended.signal })
    await connection.flush()
    return reads.at(-1)
  }
  expect(await readBy()).toBe('leader')
  const next = following()
  await next()
  expect(await readBy()).toBe('leader')
  const begun = performance.now()
  const now = vi.spyOn(performance, 'now')
  now.mockReturnValue(begun + 3_600_000)
  expect(await readBy()).toBe('any')
  await drop(key)
  expect(await next()).toMatchObject({ type: 'lost' })
  expect(await readBy()).toBe('leader')
})
