import { spawn } from 'node:child_process'
import type { Backend, Device } from '@wgctrl/types'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { open, TrafficLedger, type WireGuard } from '../../packages/wireguard/src/index.js'
import { eventually } from './hearing.js'
import { type Client, makeBackend, PORT, Stage } from './stage.js'

let stage: Stage
let wg: WireGuard

afterEach(async () => {
  await wg.close()
  await stage[Symbol.asyncDispose]()
})

/** What the client sent and received; its own counters begin anew with each session that it forgets. */
class Sent {
  readonly #client: Client
  #before = { transmitted: 0, received: 0 }

  constructor(client: Client) {
    this.#client = client
  }

  async bytes(): Promise<{ transmitted: number; received: number }> {
    const { peers } = await this.#client.backend.device(this.#client.device)
    const { transmittedBytes = 0, receivedBytes = 0 } = peers[0] ?? {}
    return {
      transmitted: this.#before.transmitted + transmittedBytes,
      received: this.#before.received + receivedBytes,
    }
  }

  /** Twenty pings with another session. */
  async burst(): Promise<void> {
    this.#before = await this.bytes()
    await this.#client.forgetSession()
    await this.#client.exec('ping', '-c', '20', '-i', '0.01', '-W', '60', '-s', '900', '10.8.255.1')
  }
}

/** A gateway and a client that it does not know yet. */
async function withOneClient() {
  stage = await Stage.open()
  wg = await open({ backends: [stage.backend] })
  const [client] = (await stage.addClients(1)) as [Client]
  const sent = new Sent(client)
  const { publicKey } = client
  const peer = { publicKey, ...stage.peerOf(publicKey) }
  return { sent, publicKey, peer }
}

describe('a ledger on real devices, with real traffic', () => {
  it('has every byte over removals, restarts and a program that begins again', async () => {
    const { sent, publicKey, peer } = await withOneClient()
    let ledger = new TrafficLedger()
    // No reading in between: what is counted is counted before the removal, or at the end.
    let keeper = wg.keepLedger(ledger, { interval: 3_600_000 })
    const looked = () =>
      vi.waitFor(() => expect(ledger.toJSON().devices).toHaveProperty(stage.device), eventually)
    await looked()

    await wg.configure(stage.device, { peers: [peer] })
    await sent.burst()
    await wg.configure(stage.device, { peers: [{ publicKey, remove: true }, peer] })
    await sent.burst()
    await wg.sync(stage.device, { peers: [] })
    await wg.sync(stage.device, { peers: [peer] })
    await sent.burst()

    // The program ends, the client goes on, and a new program begins.
    await keeper.close()
    await sent.burst()
    ledger = new TrafficLedger(JSON.parse(JSON.stringify(ledger)))
    keeper = wg.keepLedger(ledger, { interval: 3_600_000 })
    await looked()

    await wg.delete(stage.device)
    await wg.create(stage.device)
    await stage.plug()
    await wg.configure(stage.device, {
      privateKey: stage.privateKey,
      listenPort: PORT,
      peers: [peer],
    })
    await sent.burst()
    await keeper.close()

    const { transmitted, received } = await sent.bytes()
    expect(transmitted).toBeGreaterThan(5 * 20 * 900)
    expect(ledger.total(publicKey)).toEqual({
      receivedBytes: transmitted,
      transmittedBytes: received,
    })
  })

  it('misses less than an interval when another program removes a peer', async () => {
    const { sent, publicKey, peer } = await withOneClient()
    await stage.backend.configure(stage.device, { peers: [peer] })
    const ledger = new TrafficLedger()
    await using _ = wg.keepLedger(ledger, { interval: 50 })
    for (let round = 0; round < 3; round++) {
      await sent.burst()
      // An interval later everything is counted.
      await vi.waitFor(async () => {
        const { transmitted } = await sent.bytes()
        expect(ledger.total(publicKey).receivedBytes).toBe(transmitted)
      }, eventually)
      await stage.backend.configure(stage.device, { peers: [{ publicKey, remove: true }, peer] })
    }
  })

  it('misses less than an interval of traffic that goes on while others remove, re-add and restart', async () => {
    const { publicKey, peer } = await withOneClient()
    const [client] = stage.clients as [Client]
    await using other = makeBackend()
    const { device, privateKey } = stage
    const add = () => other.configure(device, { peers: [peer] })
    const remove = () => other.configure(device, { peers: [{ publicKey, remove: true }] })
    const restart = async (): Promise<void> => {
      await other.create?.(device)
      await stage.plug()
      await other.configure(device, { privateKey, listenPort: PORT, peers: [peer] })
    }
    const stop = () => other.delete?.(device)
    await add()
    const readings = recorded(stage.backend, publicKey)
    const ledger = new TrafficLedger()
    await using _ = wg.keepLedger(ledger, { interval: 100 })
    const total = (): number => ledger.total(publicKey).receivedBytes
    let before = total()
    using _traffic = traffic(client)
    for (const [end, begin] of [
      [remove, add],
      [stop, restart],
      [remove, add],
      [stop, restart],
    ] as const) {
      await vi.waitFor(() => expect(readings.at(-1)?.bytes).toBeGreaterThan(150_000), eventually)
      const endsAt = performance.now()
      await end()
      const sent = await sentBy(client)
      await begin()
      const { length } = readings
      await vi.waitFor(() => expect(readings.length).toBeGreaterThan(length + 1), eventually)
      // No reading of this life is among those of the next.
      await vi.waitFor(() => expect(readings.at(-1)?.bytes).toBeLessThan(150_000), eventually)
      const gained = total() - before
      const last = readings.findLast(({ at, bytes: some }) => at < endsAt && some > 150_000)
      expect(gained).toBeGreaterThanOrEqual(last?.bytes ?? Number.NaN)
      expect(gained).toBeLessThanOrEqual(sent)
      before += gained
      // It counts anew: nothing reached the new life in the session of the one before.
      await client.forgetSession()
    }
  })
})

/** A reading of a device that was made for the ledger. */
interface Reading {
  /** When it began, by `performance.now()`. */
  readonly at: number
  /** What the device had received from the peer. */
  readonly bytes: number
}

/** What a client has sent in its session. */
async function sentBy({ backend, device }: Client): Promise<number> {
  const { peers } = await backend.device(device)
  return peers[0]?.transmittedBytes ?? 0
}

const bytesOf = ({ peers }: Device, publicKey: string): number =>
  peers.find((peer) => peer.publicKey === publicKey)?.receivedBytes ?? 0

/** What a backend is asked for from now on, and answers. */
function recorded(backend: Backend, publicKey: string): Reading[] {
  const readings: Reading[] = []
  const read = backend.device.bind(backend)
  vi.spyOn(backend, 'device').mockImplementation(async (name, options) => {
    const at = performance.now()
    const device = await read(name, options)
    readings.push({ at, bytes: bytesOf(device, publicKey) })
    return device
  })
  return readings
}

/** Packets all the time, until it is disposed of. */
function traffic({ netns }: Client): Disposable {
  const words = ['-q', '-i', '0.005', '-s', '900', '10.8.255.1']
  const child = spawn('ip', ['netns', 'exec', netns, 'ping', ...words], { stdio: 'ignore' })
  return { [Symbol.dispose]: () => void child.kill('SIGKILL') }
}
