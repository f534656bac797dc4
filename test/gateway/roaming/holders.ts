import { slept } from '@wgctrl/types'
import type { UserspaceBackend } from '@wgctrl/uapi'
import type { RoamingGateway } from './gateway.js'
import { clock } from './world.js'

/** Which clients' keys the devices of gateways had at a moment. */
interface Sample {
  readonly at: number
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

  /** The longest time for which a client was at two gateways while both could tell each other, in milliseconds. */
  longestAtTwo(publicKey: string): { milliseconds: number; from: number } {
    let longest = { milliseconds: 0, from: 0 }
    let since: number | undefined
    for (const { at, keys } of this.#samples) {
      const having = [...keys].filter(
        ([gateway, held]) => held.has(publicKey) && gateway.joined.has(at),
      )
      since = having.length > 1 ? (since ?? at) : undefined
      if (since !== undefined && at - since > longest.milliseconds) {
        longest = { milliseconds: at - since, from: since }
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
    const at = clock()
    const read = this.#gateways.map(async (gateway) => {
      // One that lost its device has nobody.
      const device = await this.#backend.device(gateway.device).catch(() => undefined)
      device?.privateKey?.wipe()
      return [gateway, new Set(device?.peers.map((peer) => `${peer.publicKey}`))] as const
    })
    return { at, keys: new Map(await Promise.all(read)) }
  }
}
