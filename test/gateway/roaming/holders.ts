import { slept } from '@wgctrl/types'
import type { UserspaceBackend } from '@wgctrl/uapi'
import type { RoamingGateway } from './gateway.js'
import { clock } from './world.js'

/** Which clients' keys the devices of gateways had, each read at some moment of a time that is short on a quiet machine. */
interface Sample {
  readonly from: number
  readonly to: number
  readonly keys: ReadonlyMap<RoamingGateway, ReadonlySet<string>>
}

/** Milliseconds between looks. */
const PACE = 100

/** Who holds whom, over time. */
export class Holders {
  readonly #backend: UserspaceBackend
  readonly #gateways: readonly RoamingGateway[]
  readonly #samples: Sample[] = []
  readonly #stopped = new AbortController()
  readonly #loop: Promise<void>

  constructor(backend: UserspaceBackend, gateways: readonly RoamingGateway[]) {
    ;[this.#backend, this.#gateways] = [backend, gateways]
    this.#loop = this.#look()
  }

  async stop(): Promise<void> {
    this.#stopped.abort()
    await this.#loop
  }

  /**
   * The longest time for which a client was at two gateways while both could tell each other, in milliseconds: from the end of the first
   * sample that says so to the beginning of the last, between which it was at both.
   */
  longestAtTwo(publicKey: string): { milliseconds: number; from: number } {
    let longest = { milliseconds: 0, from: 0 }
    let since: number | undefined
    for (const { from, to, keys } of this.#samples) {
      const having = [...keys].filter(
        ([gateway, held]) => held.has(publicKey) && gateway.joined.has(from, to),
      )
      since = having.length > 1 ? (since ?? to) : undefined
      if (since !== undefined && from - since > longest.milliseconds) {
        longest = { milliseconds: from - since, from: since }
      }
    }
    return longest
  }

  /** Which gateways have a key now. */
  async now(publicKey: string): Promise<string[]> {
    const { keys } = await this.#sample()
    return [...keys].filter(([, held]) => held.has(publicKey)).map(([{ name }]) => name)
  }

  async #look(): Promise<void> {
    do this.#samples.push(await this.#sample())
    while (await slept(PACE, this.#stopped.signal))
  }

  async #sample(): Promise<Sample> {
    const from = clock()
    const read = this.#gateways.map(async (gateway) => {
      // One that lost its device has nobody.
      const device = await this.#backend.device(gateway.device).catch(() => undefined)
      device?.privateKey?.wipe()
      return [gateway, new Set(device?.peers.map((peer) => `${peer.publicKey}`))] as const
    })
    const keys = new Map(await Promise.all(read))
    return { from, to: clock(), keys }
  }
}
