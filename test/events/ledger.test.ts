import { afterEach, describe, expect, it, vi } from 'vitest'
import { open, TrafficLedger, type WireGuard } from '../../packages/wireguard/src/index.js'
import { eventually } from './hearing.js'
import { type Client, PORT, Stage } from './stage.js'

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
    await this.#client.exec('ping', '-c', '20', '-i', '0.01', '-W', '10', '-s', '900', '10.8.255.1')
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
      const { transmitted } = await sent.bytes()
      const total = () => ledger.total(publicKey).receivedBytes
      await vi.waitFor(() => expect(total()).toBe(transmitted), eventually)
      await stage.backend.configure(stage.device, { peers: [{ publicKey, remove: true }, peer] })
    }
  })
})
