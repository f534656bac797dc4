import { abortReason } from '@wgctrl/types'
import { EventIterator } from '../event-iterator.js'
import type { RemoteCallName } from './calls.js'
import type { ClientConnection } from './client-connection.js'
import { REMOTE_LIMITS } from './limits.js'

/** What a stream was opened as, and where. */
export interface StreamCall {
  readonly connection: ClientConnection
  readonly method: RemoteCallName
  readonly args: readonly unknown[]
  readonly signal: AbortSignal | undefined
  /** What to throw in the place of what came. */
  readonly explain: (error: unknown) => unknown
  /** Told when it is over. */
  readonly ended?: (() => void) | undefined
}

const HALF_WINDOW = REMOTE_LIMITS.window / 2

/**
 * Items of a call that goes on, for one consumer. The server sends no more than there is room for: a consumer that takes
 * its time holds up the source of the items, and nothing else. Nothing is sent before the first `next()`.
 */
export class ClientStream<T, State = unknown> extends EventIterator<T> {
  readonly #call: StreamCall
  #handle: ReturnType<ClientConnection['open']> | undefined
  #items: T[] = []
  #at = 0
  /** Taken since the server was told that there is room again. */
  #taken = 0
  #state: State | undefined
  #opened: { resolve(): void; reject(error: unknown): void } | undefined
  #isOver = false
  #broken: { readonly error: unknown } | undefined
  #whenOver: () => void = () => {}
  readonly #over: Promise<void> = new Promise((resolve) => {
    this.#whenOver = resolve
  })

  constructor(call: StreamCall) {
    super(call.signal)
    this.#call = call
  }

  /** What the server said of it last. */
  protected get state(): State | undefined {
    return this.#state
  }

  /** Asks something of it there. */
  protected async ask(name: string, args: readonly unknown[]): Promise<unknown> {
    try {
      return await this.#handle?.ask(name, args)
    } catch (error) {
      throw this.#call.explain(error)
    }
  }

  /** One that is at hand needs no promise. */
  ready(): T | undefined {
    return this.take()
  }

  protected async begin(): Promise<void> {
    const { connection, method, args, signal } = this.#call
    await new Promise<void>((resolve, reject) => {
      this.#opened = { resolve, reject }
      this.#handle = connection.open(method, args, {
        items: (items, state) => this.#receive(items, state as State),
        answer: (state) => this.#finish(state as State | undefined),
        fail: (error) => this.#break(error),
      })
      this.#handle.pull(REMOTE_LIMITS.window)
      if (signal?.aborted) reject(abortReason(signal))
    })
  }

  protected take(): T | undefined {
    const item = this.#items[this.#at]
    if (item === undefined) {
      // Not at once: whoever asks begins to listen for it.
      if (this.#isOver) queueMicrotask(() => this.#conclude())
      return undefined
    }
    this.#at++
    if (this.#at === this.#items.length) {
      this.#items = []
      this.#at = 0
    }
    this.counted(1)
    return item
  }

  /** So many were taken: there is room for others. */
  protected counted(items: number): void {
    this.#taken += items
    if (this.#taken < HALF_WINDOW) return
    this.#handle?.pull(this.#taken)
    this.#taken = 0
  }

  /** Items that came and were not taken. */
  protected get waiting(): number {
    return this.#items.length - this.#at
  }

  protected async end(): Promise<void> {
    this.#items = []
    this.#call.ended?.()
    if (!this.#handle || this.#isOver) return
    // What waits for a device has to be torn from it.
    if (this.#call.signal?.aborted) this.#handle.abort()
    else this.#handle.end()
    await this.#over
  }

  #receive(items: unknown[], state: State | null | undefined): void {
    if (state !== null && state !== undefined) this.#state = state
    this.#opened?.resolve()
    if (items.length === 0) return
    this.received(items as T[])
    this.wake()
  }

  /** Puts them where {@link take} finds them. */
  protected received(items: readonly T[]): void {
    if (this.isEnded) return
    if (this.#at > 0) this.#items = this.#items.slice(this.#at)
    this.#at = 0
    this.#items = this.#items.length === 0 ? [...items] : this.#items.concat(items)
  }

  #finish(state: State | null | undefined): void {
    if (state !== null && state !== undefined) this.#state = state
    this.#opened?.resolve()
    this.#endWith(undefined)
  }

  #break(error: unknown): void {
    const explained = this.#call.explain(error)
    this.#opened?.reject(explained)
    this.#endWith({ error: explained })
  }

  /** Items that came before are given out first. */
  #endWith(failure: { readonly error: unknown } | undefined): void {
    this.#isOver = true
    this.#whenOver()
    this.#broken = failure
    if (this.#items.length === 0) this.#conclude()
  }

  #conclude(): void {
    if (this.#broken) this.fail(this.#broken.error)
    else void this.return()
  }
}
