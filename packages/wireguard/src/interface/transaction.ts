import { setImmediate as nextTurn } from 'node:timers/promises'
import {
  InvalidRangeError,
  InvalidTypeError,
  reasonWithin,
  refuseAborted,
  WireGuardError,
} from '@wgctrl/types'
import { ProgramError } from './program.js'
import type { StepChange } from './step-change.js'

/** Takes back what a step did. */
export type Undo = () => Promise<void>

/** The calls that are made of steps. */
export type InterfaceOperation = 'up' | 'down' | 'reconcile'

/** A step as it is described. */
export interface Step {
  /** What is done, such as `add the address 10.0.0.1/24`. */
  readonly step: string
  /** The same as data, of `up`. Absent: nothing is changed, such as by looking or waiting. */
  readonly change?: StepChange
}

/** A step is about to be taken, or would be. */
export interface StepEvent extends Step {
  /** The call whose step it is: of `ensure`, what it turned out to be. */
  readonly operation: InterfaceOperation
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
  /** Takes no step: they are listed. */
  readonly dryRun?: boolean | undefined
}

/** Milliseconds that steps may take until others have a turn: there may be 60,000 routes, each without a wait. */
const SLICE = 4

/** Steps that are taken one after the other, and taken back in reverse order when one fails. */
export class Transaction {
  readonly #operation: InterfaceOperation
  readonly #device: string
  readonly #options: TransactionOptions
  readonly #undos: { readonly step: string; readonly undo: Undo }[] = []
  /** Of a dry run: those that would be taken. */
  readonly foreseen: StepEvent[] = []
  #step = ''
  #turnAt = performance.now()
  /** What the caller's functions have not settled yet. */
  readonly #told: Promise<unknown>[] = []

  constructor(operation: InterfaceOperation, device: string, options: TransactionOptions = {}) {
    this.#operation = operation
    this.#device = device
    this.#options = options
  }

  get isDry(): boolean {
    return this.#options.dryRun ?? false
  }

  /**
   * Takes a step.
   *
   * @param body does it, all or nothing, and returns what takes it back if that is more than removing the
   *   link
   * @param foresee what a dry run does in its place: it looks for what `body` would have found. Absent: nothing
   * @throws {AbortError} before it begins, when the signal fired
   */
  async step(
    described: string | Step,
    body: () => Promise<Undo | undefined> | Promise<void>,
    foresee?: () => Promise<void>,
  ): Promise<void> {
    const plain = typeof described === 'string' ? { step: described } : described
    const told: StepEvent = { operation: this.#operation, ...plain }
    const { step } = told
    this.#step = step
    const { signal, onStep } = this.#options
    refuseAborted(signal)
    if (this.isDry) {
      this.foreseen.push(told)
      await foresee?.()
      return
    }
    await onStep?.(told)
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
