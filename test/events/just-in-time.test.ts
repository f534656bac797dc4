import { afterEach, describe, expect, it, vi } from 'vitest'
import type { JustInTimeEvent } from '../../packages/wireguard/src/just-in-time/options.js'
import { type Client, isEmulated, SOON, Stage } from './stage.js'

const CLIENTS = 50
const MAX_PEERS = 20

/** How many come at once. An emulated machine has its hands full with one. */
const AT_ONCE = isEmulated ? 1 : 5

let stage: Stage

/** So many at a time, each as soon as there is room. */
async function pingAll(clients: readonly Client[], atOnce: number, seconds: number) {
  const times: (number | undefined)[] = []
  const queue = [...clients]
  const worker = async (): Promise<void> => {
    for (let client = queue.shift(); client; client = queue.shift()) {
      times[clients.indexOf(client)] = await client.ping(seconds)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return times
}

const present = async (): Promise<string[]> =>
  (await stage.backend.device(stage.device)).peers.map((peer) => peer.publicKey)

afterEach(async () => {
  await stage[Symbol.asyncDispose]()
})

describe('a gateway that knows nobody', () => {
  it(`answers each of ${CLIENTS} clients within a second, holding ${MAX_PEERS} at most`, async () => {
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

    const times = await pingAll(stage.clients, AT_ONCE, 10)
    const slowest = Math.max(...times.map((time) => time ?? Number.POSITIVE_INFINITY))
    console.log(`first pings: slowest ${slowest} ms, ${gate.counters.reinitiated} initiated again`)
    for (const time of times) expect(time).toBeLessThan(SOON)
    expect([...lookups.values()]).toEqual(Array<number>(CLIENTS).fill(1))
    expect(stage.mostPeers).toBe(MAX_PEERS)
    // A client may have its answer before the write that let it in was reported.
    await vi.waitFor(() => expect(gate.counters.installed).toBe(CLIENTS))
    expect(gate.counters.installsFailed).toBe(0)
    expect(gate.counters.evictedForRoom).toBe(CLIENTS - MAX_PEERS)

    // Gone, and it knows that its session is: it begins anew.
    const [first] = stage.clients as [Client]
    expect(await present()).not.toContain(first.publicKey)
    await first.forgetSession()
    expect(await first.ping(5)).toBeLessThan(SOON)
    expect(lookups.get(first.publicKey)).toBe(2)

    // Gone, and it takes its session for good until nobody answers: section 6.5 of the paper.
    const second = stage.clients[1] as Client
    expect(await present()).not.toContain(second.publicKey)
    let answer: number | undefined
    for (let tries = 0; answer === undefined && tries < 30; tries++) answer = await second.ping(1)
    expect(answer).toBeDefined()
    expect(await present()).toContain(second.publicKey)
    expect(stage.mostPeers).toBe(MAX_PEERS)
    expect(gate.handshakeCounters).toMatchObject({ badMac: 0, undecryptable: 0, overrun: 0 })
  })

  it('makes clients wait for their own retry when it does not initiate back', async () => {
    stage = await Stage.open()
    await stage.addClients(10)
    const lookup = (key: string) => stage.peerOf(key)
    const measure = async (initiate: boolean, clients: readonly Client[]): Promise<number[]> => {
      await using _ = await stage.live.justInTime(stage.device, { lookup, initiate })
      return (await pingAll(clients, AT_ONCE, 15)).map((time) => time ?? Number.POSITIVE_INFINITY)
    }
    const waiting = await measure(false, stage.clients.slice(0, 5))
    const answered = await measure(true, stage.clients.slice(5))
    console.log(`without initiating back: ${waiting.join(', ')} ms`)
    console.log(`with: ${answered.join(', ')} ms`)
    expect(Math.min(...waiting)).toBeGreaterThan(4000)
    expect(Math.max(...answered)).toBeLessThan(SOON)
  })

  it('finds its peers after a restart, and lets those go that are idle', async () => {
    stage = await Stage.open()
    await stage.addClients(2)
    const [quiet, lively] = stage.clients as [Client, Client]
    let lookups = 0
    const lookup = (key: string) => {
      lookups++
      return stage.peerOf(key)
    }
    const before = await stage.live.justInTime(stage.device, { lookup })
    expect(await quiet.ping(5)).toBeLessThan(SOON)
    expect(await lively.ping(5)).toBeLessThan(SOON)
    await before.close()

    await using gate = await stage.live.justInTime(stage.device, { lookup, idle: 3000 })
    for (let tries = 0; tries < 30 && gate.counters.evictedIdle === 0; tries++) {
      expect(await lively.ping(5)).toBeDefined()
      await new Promise((resolve) => setTimeout(resolve, 500))
    }
    expect(await present()).toEqual([lively.publicKey])
    expect(lookups).toBe(2)
  })
})
