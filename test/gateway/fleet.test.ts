import { jetstream } from '@nats-io/jetstream'
import { type KV, Kvm } from '@nats-io/kv'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { generatePrivateKey, publicKey } from '@wgctrl/types'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { FleetConfig } from '../../packages/gateway/src/config/gateway-config.js'
import { Fleet, type Held } from '../../packages/gateway/src/fleet/fleet.js'

import { eventually } from '../events/hearing.js'
import type { Client } from '../events/stage.js'
import { NatsServer } from './nats-server.js'
import { type Name, Pair } from './pair.js'

/** How many clients come to a gateway at once. */
const MANY = 2000

let server: NatsServer
let connection: NatsConnection

beforeEach(async () => {
  server = await NatsServer.open()
  connection = await connect({
    servers: server.url,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
  })
})

afterEach(async () => {
  await connection.close()
  await server[Symbol.asyncDispose]()
})

const bucketOf = (name: string): Promise<KV> => new Kvm(jetstream(connection)).open(name)
const presenceOf = async (key: string): Promise<unknown> => {
  const entry = await (await bucketOf('wireguard-presence')).get(
    Buffer.from(key, 'base64').toString('base64url'),
  )
  return entry?.operation === 'PUT' ? entry.json<{ gateway: string }>().gateway : undefined
}

describe.each([
  ['one key', false],
  ['keys of their own', true],
])('two gateways with %s', (_, hasOwnKeys) => {
  let pair: Pair

  beforeEach(async () => {
    pair = await Pair.open(server, { hasOwnKeys })
  })
  afterEach(() => pair[Symbol.asyncDispose]())

  it('a client that appears at another leaves the first at once, and everybody can hear of it', async () => {
    const [client, other] = pair.stage.clients as [Client, Client]
    const moves: unknown[] = []
    connection.subscribe('wireguard.moved', {
      callback: (_, message) => void moves.push(message.json()),
    })
    await pair.goTo(other, 'one')
    await pair.goTo(client, 'one')
    await pair.isAt(client, 'one')
    await vi.waitFor(async () => expect(await presenceOf(client.publicKey)).toBe('one'), eventually)
    await pair.goTo(client, 'two')
    await pair.isAt(client, 'two')
    await vi.waitFor(
      () => expect(pair.gates.one.keysOf('left')).toEqual([client.publicKey]),
      eventually,
    )
    expect(await presenceOf(client.publicKey)).toBe('two')
    await pair.goTo(client, 'one')
    await pair.isAt(client, 'one')
    await pair.isAt(other, 'one')
    const ofClient = () =>
      moves.filter((move) => (move as { publicKey: string }).publicKey === client.publicKey)
    await vi.waitFor(
      () =>
        expect(ofClient()).toMatchObject([
          { to: 'one' },
          { from: 'one', to: 'two', endpoint: expect.stringContaining(client.outerAddress) },
          { from: 'two', to: 'one' },
        ]),
      eventually,
    )
  })

  it('those who moved while nobody could be told are where they were heard last, once it can', async () => {
    const [client] = pair.stage.clients as [Client]
    await pair.goTo(client, 'one')
    await pair.isAt(client, 'one')
    await vi.waitFor(async () => expect(await presenceOf(client.publicKey)).toBe('one'), eventually)
    await server.kill()
    await vi.waitFor(
      () => expect(pair.gates.two.gateway.state().fleet?.isAway).toBe(true),
      eventually,
    )
    // Its session at the first ends in the same second, by which handshakes are told.
    await new Promise((resolve) => setTimeout(resolve, 1100))
    await pair.goTo(client, 'two')
    await vi.waitFor(async () => expect(await pair.holders(client)).toContain('two'), eventually)
    await server.start()
    await pair.isAt(client, 'two')
    await vi.waitFor(async () => expect(await presenceOf(client.publicKey)).toBe('two'), eventually)
  })

  it('one that dies is gone after its time, and one that stops lets its clients be', async () => {
    const [client] = pair.stage.clients as [Client]
    await pair.goTo(client, 'two')
    await pair.isAt(client, 'two')
    const gateways = await bucketOf('wireguard-gateways')
    expect((await gateways.get('two'))?.operation).toBe('PUT')
    await pair.gates.two.gateway.stop()
    await vi.waitFor(async () => expect(await gateways.get('two')).toBeNull(), eventually)
    expect((await gateways.get('one'))?.operation).toBe('PUT')
    expect(await pair.holders(client)).toEqual(['two'])
    await pair.goTo(client, 'one')
    await vi.waitFor(
      () => expect(pair.gates.one.keysOf('moved')).toEqual([client.publicKey]),
      eventually,
    )
    expect(pair.gates.one.events).toContainEqual({
      type: 'moved',
      publicKey: client.publicKey,
      from: 'two',
    })
  })
})

describe('a client that keeps its sessions', () => {
  let pair: Pair

  /** It sends, also while nobody answers, until it is at one gateway alone. */
  const comesTo = (client: Client, name: Name) =>
    vi.waitFor(async () => {
      await client.ping(1)
      expect(await pair.holders(client)).toEqual([name])
    }, eventually)

  afterEach(() => pair[Symbol.asyncDispose]())

  it('finds out by itself when its route leads to another gateway with the same key', async () => {
    pair = await Pair.open(server)
    const [client] = pair.stage.clients as [Client]
    await pair.goTo(client, 'one')
    await pair.isAt(client, 'one')
    await client.backend.configure(client.device, {
      peers: [
        {
          publicKey: pair.keyOf('one'),
          updateOnly: true,
          endpoint: pair.endpointOf(client, 'two'),
        },
      ],
    })
    await comesTo(client, 'two')
    expect(pair.gates.two.keysOf('installed')).toEqual([client.publicKey])
  })

  it('goes from one gateway to another with a key of its own by its allowed IPs, and back', async () => {
    pair = await Pair.open(server, { hasOwnKeys: true })
    const [client] = pair.stage.clients as [Client]
    const allowedIPs = ['10.8.0.0/16']
    const turnTo = (name: Name, other: Name): Promise<void> =>
      client.backend.configure(client.device, {
        peers: [
          { publicKey: pair.keyOf(other), replaceAllowedIPs: true, allowedIPs: [] },
          { publicKey: pair.keyOf(name), endpoint: pair.endpointOf(client, name), allowedIPs },
        ],
      })
    await turnTo('one', 'two')
    await comesTo(client, 'one')
    await turnTo('two', 'one')
    await comesTo(client, 'two')
    // It has a session there, of which the gateway knows nothing any more: it has to notice first.
    await turnTo('one', 'two')
    await comesTo(client, 'one')
    expect(pair.gates.two.keysOf('left')).toEqual([client.publicKey])
  })
})

describe('the entries of a fleet', () => {
  const key = publicKey(generatePrivateKey())
  let fleets: Fleet[]
  let held: Map<string, Map<string, Held>>
  /** When the client made its last initiation that each gateway heard. */
  let initiated: Map<string, number>
  let told: string[]
  let failures: unknown[]
  /** Called before clients are taken out. */
  let beforeRelease: () => void

  /** @param onSweep before the gateway says who is there */
  const joinAs = async (id: string, onSweep = (_: Fleet) => {}, ttl = 2000): Promise<Fleet> => {
    const config: FleetConfig = {
      nats: { servers: [server.url], timeout: 1000 },
      id,
      bucket: 'wireguard-presence',
      gateways: 'wireguard-gateways',
      ttl,
      subject: 'wireguard',
    }
    const own = held.get(id) ?? new Map<string, Held>()
    held.set(id, own)
    const fleet: Fleet = await Fleet.open(config, {
      held: async () => {
        onSweep(fleet)
        return [...own.values()]
      },
      isHeld: (one) => own.has(one),
      initiated: () => initiated.get(id),
      release: async (keys) => {
        beforeRelease()
        return keys.filter((one) => own.delete(one))
      },
      onMoved: (_, from) => void told.push(`${id} from ${from}`),
      onLeft: (_, to) => void told.push(`${id} to ${to}`),
      onJoined: () => {},
      onFailed: (error) => void failures.push(error),
    })
    fleets.push(fleet)
    await vi.waitFor(() => expect(fleet.isAway).toBe(false), eventually)
    return fleet
  }
  const holding = () => [...held].filter(([, own]) => own.has(key)).map(([id]) => id)

  beforeEach(() => {
    ;[fleets, held, initiated, told, failures] = [[], new Map(), new Map(), [], []]
    beforeRelease = () => {}
  })
  afterEach(async () => {
    for (const fleet of fleets) await fleet.stop()
  })

  it('of all who claim a client at the same time one has it', async () => {
    const names = Array.from({ length: 8 }, (_, n) => `g${n}`)
    for (const name of names) await joinAs(name)
    for (let round = 0; round < 5; round++) {
      for (const [n, name] of names.entries()) {
        held.get(name)?.set(key, { publicKey: key, handshake: Date.now() })
        fleets[n]?.appeared(key, undefined)
      }
      await vi.waitFor(() => expect(holding()).toHaveLength(1), eventually)
      await vi.waitFor(async () => expect(await presenceOf(key)).toBe(holding()[0]), eventually)
    }
  })

  /** The client comes to a gateway, with an initiation that it made at a time. */
  const come = (fleet: Fleet, id: string, made: number): void => {
    initiated.set(id, made)
    held.get(id)?.set(key, { publicKey: key, handshake: Date.now() })
    fleet.appeared(key, undefined)
  }
  const isAt = (id: string) =>
    vi.waitFor(
      async () => expect([holding(), await presenceOf(key)]).toEqual([[id], id]),
      eventually,
    )

  it('stays where the client is when somebody sends a recorded initiation to another gateway', async () => {
    const [one, two] = [await joinAs('one'), await joinAs('two')]
    come(one, 'one', 1000)
    await isAt('one')
    come(two, 'two', 1000)
    await vi.waitFor(() => expect(told).toContain('two to one'), eventually)
    await isAt('one')
    come(two, 'two', 1001)
    await isAt('two')
    expect(told).toEqual(['one from undefined', 'two to one', 'two from one', 'one to two'])
  })

  it('is of whom the client came to last, also when that one heard of nothing meanwhile', async () => {
    const [one, two] = [await joinAs('one'), await joinAs('two')]
    come(one, 'one', 1000)
    await isAt('one')
    // It goes to the second and returns, to a gateway that has it and sees nothing new in it.
    initiated.set('one', 3000)
    come(two, 'two', 2000)
    await isAt('one')
    expect(told).toContain('one from two')
  })

  it('is of another when the one in it is not there any more, whatever the clock of the client says', async () => {
    const [one, two] = [await joinAs('one'), await joinAs('two')]
    come(one, 'one', 5000)
    await isAt('one')
    await one.stop()
    held.get('one')?.delete(key)
    const gateways = await bucketOf('wireguard-gateways')
    await vi.waitFor(async () => expect(await gateways.get('one')).toBeNull(), eventually)
    come(two, 'two', 1000)
    await isAt('two')
  })

  it('of a client that goes while it is written is removed, and one that could not be removed is later', async () => {
    const one = await joinAs('one')
    come(one, 'one', 1000)
    held.get('one')?.delete(key)
    one.gone(key)
    come(one, 'one', 2000)
    await isAt('one')
    await server.kill()
    await vi.waitFor(() => expect(one.isAway).toBe(true), eventually)
    held.get('one')?.delete(key)
    one.gone(key)
    await server.start()
    await vi.waitFor(async () => expect(await presenceOf(key)).toBeUndefined(), eventually)
    come(one, 'one', 3000)
    held.get('one')?.delete(key)
    one.gone(key)
    const other = publicKey(generatePrivateKey())
    one.appeared(other, undefined)
    await vi.waitFor(async () => expect(await presenceOf(other)).toBe('one'), eventually)
    await vi.waitFor(async () => expect(await presenceOf(key)).toBeUndefined(), eventually)
  })

  /** Has the next write of an entry succeed, and its answer lost. */
  const loseAnswer = async (onWritten = () => {}): Promise<void> => {
    const bucket = await bucketOf('wireguard-presence')
    const put = vi.spyOn(Object.getPrototypeOf(bucket) as KV, 'put')
    put.mockImplementationOnce(async (...args) => {
      put.mockRestore()
      await bucket.put(...args)
      onWritten()
      throw new Error('no answer')
    })
  }

  it('are ours, and told once, when they are written and the answer does not come', async () => {
    const one = await joinAs('one', undefined, 600_000)
    await vi.waitFor(async () => expect(await beatsOf('one')).toBeGreaterThan(0), eventually)
    const moves: unknown[] = []
    connection.subscribe('wireguard.moved', {
      callback: (_, message) => void moves.push(message.json()),
    })
    await connection.flush()
    await loseAnswer()
    come(one, 'one', 1000)
    await vi.waitFor(() => expect(told).toEqual(['one from undefined']), eventually)
    await isAt('one')
    expect(moves).toMatchObject([{ publicKey: key, to: 'one' }])
  })

  it('are removed when they are written, the answer does not come and the client is gone', async () => {
    const one = await joinAs('one', undefined, 600_000)
    await vi.waitFor(async () => expect(await beatsOf('one')).toBeGreaterThan(0), eventually)
    let isWritten = false
    await loseAnswer(() => {
      isWritten = true
      held.get('one')?.delete(key)
      one.gone(key)
    })
    come(one, 'one', 1000)
    await vi.waitFor(() => expect(isWritten).toBe(true), eventually)
    await vi.waitFor(async () => expect(await presenceOf(key)).toBeUndefined(), eventually)
  })

  /** The revision of a gateway's own entry. */
  const beatsOf = async (id: string): Promise<number> =>
    (await (await bucketOf('wireguard-gateways')).get(id))?.revision ?? 0

  it('are renewed as often as the buckets need it that somebody else made', async () => {
    const manager = new Kvm(jetstream(connection))
    await manager.create('wireguard-gateways', { history: 1, ttl: 1000 })
    const bucket = await manager.create('wireguard-presence', { history: 1, ttl: 4000 })
    const one = await joinAs('one', undefined, 600_000)
    come(one, 'one', 1000)
    await isAt('one')
    const written = async () => (await bucket.status()).streamInfo.state.last_seq
    await vi.waitFor(async () => expect(await beatsOf('one')).toBeGreaterThan(5), eventually)
    await vi.waitFor(async () => expect(await written()).toBeGreaterThan(2), eventually)
    expect(failures).toEqual([])
  })

  it.each([
    ['no TTL', 0],
    ['a TTL of 60000 ms', 60_000],
  ])('stay too long in a bucket with %s, which is told', async (text, ttl) => {
    await new Kvm(jetstream(connection)).create('wireguard-gateways', { history: 1, ttl })
    await joinAs('one')
    const message = expect.stringContaining(`wireguard-gateways has ${text}, 2000 ms`)
    expect(failures).toEqual([expect.objectContaining({ code: 'EINVAL', message })])
  })

  it('are written again when their bucket is gone, or is another', async () => {
    const one = await joinAs('one')
    come(one, 'one', 1000)
    await isAt('one')
    await (await bucketOf('wireguard-presence')).destroy()
    await isAt('one')
    await (await bucketOf('wireguard-presence')).destroy()
    await new Kvm(jetstream(connection)).create('wireguard-presence', { ttl: 86_400_000 })
    await isAt('one')
  })

  it('of a client that goes is removed, and one who moved is taken out, also where the first try fails', async () => {
    const [one, two] = [await joinAs('one'), await joinAs('two')]
    come(one, 'one', 1000)
    await isAt('one')
    let tries = 0
    beforeRelease = () => {
      if (tries++ === 0) throw new Error('the device is busy')
    }
    come(two, 'two', 2000)
    await isAt('two')
    expect(tries).toBe(2)
    const buckets = Object.getPrototypeOf(await bucketOf('wireguard-presence')) as KV
    const remove = vi.spyOn(buckets, 'delete').mockRejectedValueOnce(new Error('no answer'))
    held.get('two')?.delete(key)
    two.gone(key)
    await vi.waitFor(async () => expect(await presenceOf(key)).toBeUndefined(), eventually)
    expect(remove).toHaveBeenCalledTimes(2)
    remove.mockRestore()
  })

  it.each<[string, (leave: () => void) => void]>([
    ['before', (leave) => leave()],
    ['while', (leave) => void setImmediate(leave)],
  ])('of a client that goes %s its gateway looks at it is removed', async (_, when) => {
    const first = await joinAs('one')
    come(first, 'one', 1000)
    await isAt('one')
    await first.stop()
    // A new start knows nothing of its entries.
    let hasLeft = false
    await joinAs('one', (fleet) => {
      when(() => {
        held.get('one')?.delete(key)
        fleet.gone(key)
        hasLeft = true
      })
    })
    await vi.waitFor(() => expect(hasLeft).toBe(true), eventually)
    await vi.waitFor(async () => expect(await presenceOf(key)).toBeUndefined(), eventually)
  })

  it(`of ${MANY} clients that move at once are with the gateway that they came to, and nobody stays at the other`, async () => {
    const [one, two] = [await joinAs('one'), await joinAs('two')]
    const keys = Array.from({ length: MANY }, () => publicKey(generatePrivateKey()))
    const bucket = await bucketOf('wireguard-presence')
    const comeAll = async (fleet: Fleet, id: string, made: number): Promise<string> => {
      const [begun, own, its] = [performance.now(), process.cpuUsage(), await server.cpuTime()]
      initiated.set(id, made)
      for (const one of keys) {
        held.get(id)?.set(one, { publicKey: one, handshake: Date.now() })
        fleet.appeared(one, '192.0.2.1:51820')
      }
      const lines = () => told.filter((line) => line.startsWith(`${id} from`)).length
      await vi.waitFor(() => expect(lines()).toBe(MANY), eventually)
      const took = performance.now() - begun
      const { user, system } = process.cpuUsage(own)
      const ours = (user + system) / 1e6 / MANY
      const servers = ((await server.cpuTime()) - its) / MANY
      return `${Math.round(MANY / (took / 1000))} a second; on the processor ${(ours * 1000).toFixed(2)} ms here, ${(servers * 1000).toFixed(2)} ms in nats-server`
    }
    const arrivals = await comeAll(one, 'one', 1000)
    const moves = await comeAll(two, 'two', 2000)
    await vi.waitFor(() => expect(held.get('one')?.size).toBe(0), eventually)
    for (const key of keys) expect(await presenceOf(key)).toBe('two')
    expect(told.filter((line) => line === 'two from one')).toHaveLength(MANY)
    expect(told.filter((line) => line === 'one to two')).toHaveLength(MANY)
    const { streamInfo } = await bucket.status()
    const size = streamInfo.state.bytes / streamInfo.state.messages
    console.log(`arrivals: ${arrivals}\nmoves: ${moves}\n${Math.round(size)} bytes an entry`)
  })

  it('of a client that is gone is gone, unless another has it', async () => {
    const one = await joinAs('one')
    const two = await joinAs('two')
    held.get('one')?.set(key, { publicKey: key })
    one.appeared(key, '192.0.2.1:7')
    await vi.waitFor(async () => expect(await presenceOf(key)).toBe('one'), eventually)
    held.get('two')?.set(key, { publicKey: key })
    two.appeared(key, '192.0.2.1:7')
    held.get('one')?.delete(key)
    one.gone(key)
    await vi.waitFor(async () => expect(await presenceOf(key)).toBe('two'), eventually)
    expect(holding()).toEqual(['two'])
    held.get('two')?.delete(key)
    two.gone(key)
    await vi.waitFor(async () => expect(await presenceOf(key)).toBeUndefined(), eventually)
    one.appeared(key, undefined)
    await vi.waitFor(async () => expect(await presenceOf(key)).toBe('one'), eventually)
  })
})
