import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { jetstream } from '@nats-io/jetstream'
import { Kvm } from '@nats-io/kv'
import { connect } from '@nats-io/transport-node'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { eventually } from '../events/hearing.js'
import type { Client } from '../events/stage.js'
import { answered } from './gate.js'
import { NatsServer } from './nats-server.js'
import { type Name, Pair } from './pair.js'

let server: NatsServer
let pair: Pair

beforeEach(async () => {
  server = await NatsServer.open()
})

afterEach(async () => {
  await pair[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

const keyOf = ({ publicKey }: Client): string =>
  Buffer.from(publicKey, 'base64').toString('base64url')
const recordOf = ({ address }: Client): string => JSON.stringify({ allowedIPs: [`${address}/32`] })
const failures = (name: Name) => pair.gates[name].events.filter(({ type }) => type === 'failed')

it('a known client waits neither for a store that says nothing nor for the fleet beside it', async () => {
  // Nobody gives up before what is tried here is over, and a client that fails would come in later.
  const store = { type: 'nats', servers: server.url, timeout: '10m' }
  const connection = await connect({ servers: server.url })
  const bucket = await new Kvm(jetstream(connection)).create('wireguard-clients', { history: 1 })
  pair = await Pair.open(server, {
    storeOf: () => store,
    config: { lookupTimeout: '10m' },
    timeout: '10m',
  })
  const { gateway, keysOf } = pair.gates.one
  const [client] = pair.stage.clients as [Client]
  await bucket.put(keyOf(client), recordOf(client))
  await connection.close()
  await answered(client)
  await pair.stage.backend.configure(pair.stage.device, {
    peers: [{ publicKey: client.publicKey, remove: true }],
  })
  await vi.waitFor(() => expect(gateway.state().peers).toBe(0), eventually)
  server.freeze()
  await client.forgetSession()
  await answered(client)
  expect(keysOf('kept')).toEqual([client.publicKey])
  expect(keysOf('installed')).toEqual([client.publicKey, client.publicKey])
  expect(failures('one')).toEqual([])
  // Nor does the end of a gateway.
  await gateway.stop()
})

describe('a store that takes its time', () => {
  let service: Server
  /** Who answers whom, and when. */
  let answer: (name: Name, send: () => void) => void

  beforeEach(async () => {
    answer = (_, send) => send()
    service = createServer((request, response) => {
      const [, name, key] = /^\/(one|two)\/(.*)$/.exec(request.url ?? '') ?? []
      const client = pair.stage.clients.find((one) => keyOf(one) === key)
      answer(name as Name, () => {
        response.writeHead(client ? 200 : 404, { 'content-type': 'application/json' })
        response.end(client && recordOf(client))
      })
    })
    service.listen(0, '127.0.0.1')
    await once(service, 'listening')
    const { port } = service.address() as AddressInfo
    const storeOf = (name: Name) => ({
      type: 'http',
      url: `http://127.0.0.1:${port}/${name}/{key}`,
      timeout: '60s',
    })
    pair = await Pair.open(server, { storeOf, config: { lookupTimeout: '60s' } })
  })

  afterEach(async () => {
    service.closeAllConnections()
    await new Promise((resolve) => service.close(resolve))
  })

  it('calls no client back that went to another gateway meanwhile', async () => {
    const [client] = pair.stage.clients as [Client]
    const held: (() => void)[] = []
    answer = (name, send) => (name === 'one' ? void held.push(send) : send())
    await pair.goTo(client, 'one')
    await vi.waitFor(() => expect(held).toHaveLength(1), eventually)
    await pair.goTo(client, 'two')
    await pair.isAt(client, 'two')
    await vi.waitFor(
      () => expect(pair.gates.two.keysOf('moved')).toEqual([client.publicKey]),
      eventually,
    )
    // Sooner he could not have got far.
    await new Promise((resolve) => setTimeout(resolve, 300))
    for (const send of held) send()
    await vi.waitFor(
      () =>
        expect(failures('one')).toMatchObject([{ operation: 'lookup', error: { code: 'EAGAIN' } }]),
      eventually,
    )
    expect(pair.gates.one.keysOf('installed')).toEqual([])
    expect(await pair.holders(client)).toEqual(['two'])
  })

  it('keeps nobody out while the other gateways cannot be asked', async () => {
    const [client] = pair.stage.clients as [Client]
    answer = (_, send) => void setTimeout(send, 400)
    await server.kill()
    const { gateway, keysOf } = pair.gates.two
    await vi.waitFor(() => expect(gateway.state().fleet?.isAway).toBe(true), eventually)
    await pair.goTo(client, 'two')
    await pair.isAt(client, 'two')
    expect(keysOf('installed')).toEqual([client.publicKey])
    expect(failures('two')).toEqual([])
  })
})
