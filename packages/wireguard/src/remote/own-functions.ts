import { AsyncLocalStorage } from 'node:async_hooks'
import type { Channel } from './channel.js'
import { idIn, KIND, listIn, type Message } from './message.js'

type Callback = (...args: unknown[]) => unknown

/** The functions of a client that a server may call, while the call that has them is under way. */
export class OwnFunctions {
  readonly #channel: () => Channel
  readonly #functions = new Map<number, Callback>()
  readonly #signals = new Map<number, AbortController>()
  /** Which call of a function of ours the code that runs is a part of. */
  readonly #within = new AsyncLocalStorage<number>()
  #last = 0
  /** Of the call whose message is being written. */
  #ids: number[] = []

  constructor(channel: () => Channel) {
    this.#channel = channel
  }

  /** What a call made now is a part of; 0: it stands on its own. */
  get within(): number {
    return this.#within.getStore() ?? 0
  }

  /** @returns the numbers of the functions that were met meanwhile, to {@link forget} with the call */
  collect(send: () => void): readonly number[] {
    const ids: number[] = []
    this.#ids = ids
    send()
    return ids
  }

  idOf(callback: (...args: never[]) => unknown): number {
    const id = ++this.#last
    this.#functions.set(id, callback as Callback)
    this.#ids.push(id)
    return id
  }

  signalOf(id: number): AbortSignal {
    const known = this.#signals.get(id) ?? new AbortController()
    this.#signals.set(id, known)
    return known.signal
  }

  forget(ids: readonly number[]): void {
    for (const id of ids) this.#functions.delete(id)
  }

  /** The server does not wait any more for a call of a function. */
  cancel(id: number): void {
    this.#signals.get(id)?.abort()
  }

  cancelAll(): void {
    for (const controller of this.#signals.values()) controller.abort()
  }

  async call({ id, rest }: Message): Promise<void> {
    try {
      const callback = this.#functions.get(idIn(rest[0]))
      const args = listIn(rest[1])
      if (!callback) throw new Error('the call that has this function is over')
      const value = await this.#within.run(id, async () => callback(...args))
      await this.#channel().send([KIND.reply, id, value], { atOnce: true })
    } catch (error) {
      const reason = error instanceof Error ? error : new Error(String(error))
      await this.#channel()
        .send([KIND.failReply, id, reason], { atOnce: true })
        .catch(() => {})
    } finally {
      this.#signals.delete(id)
    }
  }
}
