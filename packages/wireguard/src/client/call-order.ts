import { type Backend, checkLinkName, Deadline, inContext } from '@wgctrl/types'
import type { Backends } from '../backends.js'
import {
  changeInTurn,
  changeSlowly,
  followTurns,
  linesOf,
  readInTurn,
  type Turn,
} from '../device-line.js'
import { timeLeft, timeLeftBehindNames } from '../time-left.js'
import type { ClientCallOptions } from './options.js'
import type { UnderWay } from './under-way.js'

/** Where a change stands, and what it has to wait for before its turn. */
export interface Place<P> {
  /** The turn that the change is part of. Absent: it has one of its own. */
  readonly turn?: Turn | undefined
  readonly prepare?: ((wait: Deadline) => Promise<P>) | undefined
  /** It changes peers alone. */
  readonly isOfPeers?: boolean | undefined
}

/**
 * What is done in a turn.
 *
 * @param rest the options, with what is left of the call's time
 * @param wait the time of the call, which runs until it is told to stand still
 */
export type ChangeBody<T, Options, P> = (
  rest: () => Options,
  turn: Turn,
  prepared: P | undefined,
  wait: Deadline,
) => Promise<T>

/** Asks one backend. */
export type Ask<T, Options> = (backend: Backend, left: Omit<Options, 'backend'>) => Promise<T>

/** Carries out the calls on a device in the order in which they were made. */
export class CallOrder {
  readonly #backends: Backends
  readonly #underWay: UnderWay
  readonly #invalidate: (name: string, isOfPeers: boolean) => void

  /** @param invalidate is told of each change, before and after it: readings shared until then do not count */
  constructor(
    backends: Backends,
    underWay: UnderWay,
    invalidate: (name: string, isOfPeers: boolean) => void,
  ) {
    this.#backends = backends
    this.#underWay = underWay
    this.#invalidate = invalidate
  }

  /** Asks the backends in turn, when the calls made before on the same device are over. */
  ask<T, Options extends ClientCallOptions>(
    operation: string,
    name: string,
    options: Options,
    turn: Turn | undefined,
    call: Ask<T, Options>,
  ): Promise<T> {
    return this.#asking(operation, name, options, call, (lines, signal, ask) =>
      readInTurn(lines, signal, turn, ask),
    )
  }

  /** The same of what waits for the calls before it and holds up nobody behind it. */
  follow<T>(
    operation: string,
    name: string,
    options: ClientCallOptions,
    call: Ask<T, ClientCallOptions>,
  ): Promise<T> {
    return this.#asking(operation, name, options, call, async (lines, signal, ask) => {
      await followTurns(lines, signal)
      return await ask()
    })
  }

  /** A change holds its device's line from its first read to its last write; the client's end waits for it. */
  change<T, Options extends ClientCallOptions, P>(
    operation: string,
    name: string,
    options: Options,
    place: Place<P>,
    change: ChangeBody<T, Options, P>,
  ): Promise<T> {
    return this.#underWay.whole(this.#inOrder(operation, name, options, place, change))
  }

  /** See {@link changeSlowly}. */
  slowly<T>(name: string, signal: AbortSignal, change: (turn: Turn) => Promise<T>): Promise<T> {
    return this.#underWay.whole(changeSlowly(this.#linesOf(name), signal, change))
  }

  async #asking<T, Options extends ClientCallOptions>(
    operation: string,
    name: string,
    { backend: kind, ...options }: Options & ClientCallOptions,
    call: Ask<T, Options>,
    place: (lines: string[], signal: AbortSignal, ask: () => Promise<T>) => Promise<T>,
  ): Promise<T> {
    using deadline = new Deadline(options)
    const { signal } = deadline
    const rest = timeLeft(options)
    try {
      checkLinkName(name)
      return await place(this.#linesOf(name), signal, () =>
        this.#backends.ask({ operation, kind, signal }, (backend) => call(backend, rest())),
      )
    } catch (error) {
      throw inContext(error, { operation, device: name })
    }
  }

  async #inOrder<T, Options extends ClientCallOptions, P>(
    operation: string,
    name: string,
    options: Options,
    { turn, prepare, isOfPeers = false }: Place<P>,
    change: ChangeBody<T, Options, P>,
  ): Promise<T> {
    using deadline = new Deadline(options)
    const rest = prepare ? timeLeftBehindNames(options) : timeLeft(options)
    const { signal } = deadline
    try {
      checkLinkName(name)
      const place = { signal, turn, prepare: prepare && (() => prepare(deadline)) }
      const lines = this.#linesOf(name)
      // A reading that begins from here on waits behind the change.
      this.#invalidate(name, isOfPeers)
      return await changeInTurn(lines, place, (inner, prepared) =>
        change(rest, inner, prepared, deadline),
      )
    } catch (error) {
      throw inContext(error, { operation, device: name })
    } finally {
      this.#invalidate(name, isOfPeers)
    }
  }

  #linesOf(name: string): string[] {
    return linesOf(this.#backends.usable(), name)
  }
}
