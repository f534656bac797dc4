import type { DeviceConfig, Peer } from '@wgctrl/types'
import { expect, onTestFinished } from 'vitest'
import type { Harness, Stage, Subject, Traits } from './harness.js'
import { type PlainDevice, plainDevice } from './plain.js'

/** For what is slow, or shown at length elsewhere: see {@link Bench}. */
export interface Sizes {
  readonly mostPeers?: number
  /** Default: twice as many, and no more than 10,000. */
  readonly manyPeers?: number
}

/** What a case works on: the harness, once it is set up, with short ways to common steps. */
export class Bench {
  readonly traits: Traits
  readonly #harness: Harness
  #stage: Stage | undefined

  /** How many peers a case may give a device that is about large ones. */
  readonly mostPeers: number

  /** So many that a call on them is still under way when its caller has another thought. */
  readonly manyPeers: number

  constructor(harness: Harness, { mostPeers = 10_000, manyPeers }: Sizes = {}) {
    this.#harness = harness
    this.traits = harness.traits
    this.mostPeers = mostPeers
    this.manyPeers = manyPeers ?? Math.min(10_000, 2 * mostPeers)
  }

  /** As many peers as a case asks for, where that is not more than many. */
  atMost(peers: number): number {
    return Math.min(peers, this.manyPeers)
  }

  async setup(): Promise<void> {
    this.#stage = await this.#harness.setup()
  }

  async teardown(): Promise<void> {
    await this.#stage?.teardown()
  }

  get stage(): Stage {
    if (this.#stage) return this.#stage
    throw new Error('the harness is set up in beforeAll')
  }

  get wg(): Subject {
    return this.stage.subject
  }

  /** A device of the case's own, which ends with the case. */
  async newDevice(config?: DeviceConfig): Promise<string> {
    const name = await this.stage.createDevice()
    this.removeAfterCase(name)
    if (config) await this.wg.configure(name, config)
    return name
  }

  removeAfterCase(name: string): void {
    onTestFinished(() => this.stage.removeDevice(name))
  }

  /** Ends a device by a call; where there is none for that, as the program does that holds it. */
  remove(name: string, client: Subject = this.wg): Promise<void> {
    return this.traits.create ? client.delete(name) : this.stage.removeDevice(name)
  }

  /** The names of the devices that there are; where they cannot be listed, none, and that is refused. */
  async list(): Promise<string[]> {
    if (this.traits.lists) return await this.wg.list()
    const error = await failure(this.wg.list())
    expect(error).toMatchObject({ code: 'EUNSUPPORTED', operation: 'list', feature: 'list' })
    return []
  }

  /** Whether a device is among those that are listed; where they cannot be, whether it answers. */
  async isListed(name: string): Promise<boolean> {
    if (this.traits.lists) return (await this.wg.list()).includes(name)
    return await this.wg.device(name).then(
      () => true,
      (error) => {
        expect(error).toMatchObject({ code: 'ENODEV' })
        return false
      },
    )
  }

  /** The device as it is, in a form that `toEqual` compares: peers and networks sorted, keys as text. */
  async read(name: string): Promise<PlainDevice> {
    return plainDevice(await this.wg.device(name))
  }

  /** The one peer of a device. */
  async readPeer(name: string): Promise<PlainDevice['peers'][number]> {
    const { peers } = await this.read(name)
    const [peer] = peers
    if (!peer || peers.length > 1) throw new Error(`expected one peer, got ${peers.length}`)
    return peer
  }

  async stream(name: string): Promise<Peer[]> {
    const peers: Peer[] = []
    for await (const peer of this.wg.peers(name)) peers.push(peer)
    return peers
  }

  /** Expects `change` to fail and the device to be the same afterwards. @returns the error */
  async refusal(name: string, change: DeviceConfig): Promise<unknown> {
    const before = await this.read(name)
    const error = await failure(this.wg.configure(name, change))
    const after = await this.read(name)
    if (JSON.stringify(after) !== JSON.stringify(before)) {
      throw new Error('the device changed', { cause: { before, after } })
    }
    return error
  }
}

/** What a call is rejected with. */
export async function failure(call: Promise<unknown>): Promise<unknown> {
  let value: unknown
  try {
    value = await call
  } catch (error) {
    return error
  }
  throw new Error('the call succeeded', { cause: value })
}

/** The first peer of a stream, which is then left. */
export async function firstPeer(peers: AsyncIterable<Peer>): Promise<Peer | undefined> {
  for await (const peer of peers) return peer
  return undefined
}
