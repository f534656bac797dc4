import { setImmediate as nextTurn } from 'node:timers/promises'
import {
  InvalidRangeError,
  InvalidTypeError,
  reasonWithin,
  refuseAborted,
  WireGuardError,
} from '@wgctrl/types'
import { ProgramError } from './program.js'

/** Takes back what a step did. */
export type Undo = () => Promise<void>

/** The calls that are made of steps. */
export type InterfaceOperation = 'up' | 'down' | 'reconcile'

/** A step is about to be taken. */
export interface StepEvent {
  /** The call whose step it is: of `ensure`, what it turned out to be. */
  readonly operation: InterfaceOperation
  /** What is done, such as `add the address 10.0.0.1/24`. */
  readonly step: string
}

/**
 * A step of `up`, `down` or `reconcile` that failed. `code` and the text are those of the system's reason,
 * which is the `cause`.
 */
export class StepError extends WireGuardError {
  override readonly name = 'StepError'
  /** What was to be done, such as `add the address 10.0.0.1/24`. */
  readonly step: string
  /** What could not be taken back, or removed, on top of it. */
  readonly failures: readonly unknown[]
  /** Where a program or a hook's line failed: the status that it ended with. */
  readonly status: number | undefined
  /** Where a program or a hook's line failed: what it wrote to standard error. */
  readonly stderr: string | undefined

  constructor(
    operation: string,
    device: string,
    step: string,
    cause: unknown,
    failures: readonly unknown[] = [],
  ) {
    const left = failures.map((failure) => `; and then: ${reasonWithin(failure)}`).join('')
    super(`${operation} ${device}: cannot ${step}: ${reasonWithin(cause)}${left}`, {
      ...(cause instanceof WireGuardError && {
        path: cause.path,
        feature: cause.feature,
        backend: cause.backend,
        errno: cause.errno,
        extendedAck: cause.extendedAck,
        appliedPeers: cause.appliedPeers,
        lostPort: cause.lostPort,
      }),
      code: codeOf(cause),
      operation,
      device,
      cause,
    })
    this.step = step
    this.failures = failures
    const program = cause instanceof ProgramError ? cause : undefined
    this.status = program?.status
    this.stderr = program?.stderr
  }

  /** The same with more failures on top. */
  with(failures: readonly unknown[]): StepError {
    if (failures.length === 0) return this
    const { operation = '', device = '', step, cause } = this
    return new StepError(operation, device, step, cause, [...this.failures, ...failures])
  }
}

export interface TransactionOptions {
  readonly signal?: AbortSignal | undefined
  readonly onStep?: ((event: StepEvent) => unknown) | undefined
}

/** Milliseconds that steps may take until others have a turn: there may be 60,000 routes, each without a wait. */
const SLICE = 4

/** Steps that are taken one after the other, and taken back in reverse order when one fails. */
export class Transaction {
  readonly #operation: InterfaceOperation
  readonly #device: string
  readonly #options: TransactionOptions
  readonly #undos: { readonly step: string; readonly undo: Undo }[] = []
  #step = ''
  #turnAt = performance.now()
  /** What the caller's functions have not settled yet. */
  readonly #told: Promise<unknown>[] = []

  constructor(operation: InterfaceOperation, device: string, options: TransactionOptions = {}) {
    this.#operation = operation
    this.#device = device
    this.#options = options
  }

  /**
   * Takes a step.
   *
   * @param body does it, all or nothing, and returns what takes it back if that is more than removing the
   *   link
   * @throws {AbortError} before it begins, when the signal fired
   */
  async step(step: string, body: () => Promise<Undo | undefined> | Promise<void>): Promise<void> {
    this.#step = step
    const { signal, onStep } = this.#options
    refuseAborted(signal)
    await onStep?.({ operation: this.#operation, step })
    await this.#giveTurn()
    refuseAborted(signal)
    const undo = await body()
    if (undo) this.#undos.push({ step, undo })
    await this.settle()
  }

  /** Takes over what a function of the caller gave: when it rejects, the step fails in which that shows. */
  heed(told: unknown): void {
    if (!(told instanceof Promise)) return
    told.catch(() => {})
    this.#told.push(told)
  }

  /** Waits for what was taken over. */
  async settle(): Promise<void> {
    if (this.#told.length > 0) await Promise.all(this.#told.splice(0))
  }

  async #giveTurn(): Promise<void> {
    if (performance.now() - this.#turnAt < SLICE) return
    await nextTurn()
    this.#turnAt = performance.now()
  }

  /** Takes everything back and returns the error to throw. */
  async rollBack(error: unknown): Promise<unknown> {
    const failures: unknown[] = []
    for (const { step, undo } of this.#undos.splice(0).reverse()) {
      try {
        await undo()
      } catch (failure) {
        failures.push(new StepError('undo', this.#device, `take back: ${step}`, failure))
      }
    }
    return this.failed(error, failures)
  }

  /** The error of the step in hand. What the caller did wrong or ended himself stays what it is. */
  failed(error: unknown, failures: readonly unknown[] = []): unknown {
    if (error instanceof StepError) return error.with(failures)
    const isOwn = error instanceof InvalidTypeError || error instanceof InvalidRangeError
    const isAbort = error instanceof Error && error.name === 'AbortError'
    if (failures.length === 0 && (isOwn || isAbort || this.#step === '')) return error
    return new StepError(this.#operation, this.#device, this.#step, error, failures)
  }
}

function codeOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException | undefined)?.code
  if (code === 'EACCES') return 'EPERM'
  return typeof code === 'string' ? code : 'EIO'
}
