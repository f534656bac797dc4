import { afterEach, describe, expect, it, vi } from 'vitest'
import type { JustInTimeEvent } from '../../packages/wireguard/src/just-in-time/options.js'
import { pingAll } from './arrivals.js'
import { eventually } from './hearing.js'
import { isLong, sizes } from './sizes.js'
import { type Client, Stage } from './stage.js'

const { clients: CLIENTS, maxPeers: MAX_PEERS, atOnce: AT_ONCE, soon: SOON } = sizes

let stage: Stage

/** A client that takes its session for good, until nobody answers: section 6.5 of the paper. */
async function returnsByItself(client: Client): Promise<void> {
  expect(await stage.present()).not.toContain(client.publicKey)
  let answer: number | undefined
  for (let tries = 0; answer === undefined && tries < 30; tries++) answer = await client.ping(1)
  expect(answer).toBeDefined()
  expect(await stage.present()).toContain(client.publicKey)
}

afterEach(async () => {
  await stage[Symbol.asyncDispose]()
})

describe('a gateway that knows nobody', () => {
  it(`answers each of ${CLIENTS} clients, holding ${MAX_PEERS} at most`, async () => {
    stage = await Stage.open()
    await stage.addClients(CLIENTS)
    const lookups = new Map<string, number>()
    const events: JustInTimeEvent[] = []
    await using gate = await stage.live.justInTime(stage.device, {
      maxPeers: MAX_PEERS,
      lookup: (key) => {
        lookups.set(key, (lookups.get(key) ?? 0) + 1)
        return stage.peerOf(key)
      },
      onEvent: (event) => events.push(event),
    })

    const times = await pingAll(stage.clients, AT_ONCE, 60)
    const slowest = Math.max(...times.map((time) => time ?? Number.POSITIVE_INFINITY))
    console.log(`first pings: slowest ${slowest} ms, ${gate.counters.reinitiated} initiated again`)
    for (const time of times) expect(time).toBeLessThan(SOON)
    expect([...lookups.values()]).toEqual(Array<number>(CLIENTS).fill(1))
    expect(stage.mostPeers).toBe(MAX_PEERS)
    // A client may have its answer before the write that let it in was reported.
    await vi.waitFor(() => expect(gate.counters.installed).toBe(CLIENTS), eventually)
    expect(gate.counters.installsFailed).toBe(0)
    expect(gate.counters.evictedForRoom).toBe(CLIENTS - MAX_PEERS)

    // Gone, and it knows that its session is: it begins anew.
    const present = await stage.present()
    const gone = stage.clients.find(({ publicKey }) => !present.includes(publicKey)) as Client
    await gone.forgetSession()
    expect(await gone.ping(60)).toBeLessThan(SOON)
    expect(lookups.get(gone.publicKey)).toBe(2)

    if (isLong) await returnsByItself(stage.clients[1] as Client)
    expect(stage.mostPeers).toBe(MAX_PEERS)
    expect(gate.handshakeCounters).toMatchObject({ badMac: 0, undecryptable: 0, overrun: 0 })
  })
})
