import { AsyncResource } from 'node:async_hooks'
import { onAbort, WireGuardError } from '@wgctrl/types'
import { wipeCopy } from '../copy.js'
import type { Channel } from './channel.js'
import { REMOTE_LIMITS } from './limits.js'
import { KIND } from './message.js'

interface Awaited {
  resolve(value: unknown): void
  reject(error: unknown): void
  /** Runs what the client calls meanwhile as a part of what waits: a hook may call the device. */
  readonly within: <T>(body: () => T) => T
}

/** The functions of a client, as the server calls them: hooks, listeners, lookups. */
export class FarFunctions {
  readonly #channel: () => Channel
  readonly #awaited = new Map<number, Awaited>()
  #last = 0
  /** The call whose message is being written. */
  #sending = 0
  #unlisten: (() => void) | undefined

  /** @param channel is known before a function is called */
  constructor(channel: () => Channel) {
    this.#channel = channel
  }

  /** A function that calls the one of that number. */
  functionOf(id: number, name: string): (...args: unknown[]) => Promise<unknown> {
    const call = (...args: unknown[]): Promise<unknown> => this.#call(id, args)
    return Object.defineProperty(call, 'name', { value: name })
  }

  /** The client hears when it fires. */
  signalId(signal: AbortSignal): number {
    const id = this.#sending
    const fire = (): void => this.#channel().sendUrgent([KIND.cancel, id])
    if (signal.aborted) queueMicrotask(fire)
    else this.#unlisten = onAbort(signal, fire)
    return id
  }

  /** Where a call stands that the client makes while it is called itself. Absent: on its own. */
  within(id: number): (<T>(body: () => T) => T) | undefined {
    return this.#awaited.get(id)?.within
  }

  settle(id: number, outcome: { readonly value: unknown } | { readonly error: unknown }): void {
    const awaited = this.#awaited.get(id)
    this.#awaited.delete(id)
    if ('error' in outcome) awaited?.reject(outcome.error)
    else awaited?.resolve(outcome.value)
  }

  /** The client is gone: it will not answer. */
  end(error: WireGuardError): void {
    for (const { reject } of this.#awaited.values()) reject(error)
    this.#awaited.clear()
  }

  async #call(id: number, args: readonly unknown[]): Promise<unknown> {
    if (this.#awaited.size >= REMOTE_LIMITS.callbacks) {
      throw new WireGuardError('the client does not answer', { code: 'EAGAIN' })
    }
    const call = ++this.#last
    const answer = new Promise((resolve, reject) => {
      const within = AsyncResource.bind(<T>(body: () => T): T => body())
      this.#awaited.set(call, { resolve, reject, within: within as Awaited['within'] })
    })
    answer.catch(() => {})
    this.#sending = call
    const sent = this.#channel().send([KIND.callback, call, id, args], { atOnce: true })
    const unlisten = this.#unlisten
    this.#unlisten = undefined
    // The keys of a config that is to be saved belong to whoever gets it.
    for (const arg of args) wipeCopy(arg as Parameters<typeof wipeCopy>[0])
    try {
      await sent
      return await answer
    } finally {
      unlisten?.()
      this.#awaited.delete(call)
    }
  }
}
