import { setImmediate as nextTurn } from 'node:timers/promises'

/**
 * Long work that stops now and then, after a millisecond or two, so that whoever runs it can give others a
 * turn of the event loop.
 */
export type Steps<T> = Generator<void, T, void>

/** Runs work to its end in one go. */
export function runAtOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
  }
}

let line: Promise<void> = Promise.resolve()

/**
 * Resolves in a later turn of the event loop, in which nobody else goes on who waits here: several works side by
 * side would otherwise make one long turn of their steps.
 */
export function ownTurn(): Promise<void> {
  line = line.then(() => nextTurn())
  return line
}

/** Runs work to its end, each step in a turn of its own. What is short is done before it returns. */
export async function runInTurns<T>(steps: Steps<T>): Promise<T> {
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
    await ownTurn()
  }
}

/** Peers and networks that are looked at in one step. */
const PER_STEP = 500

/** Counts what a step did. */
export class StepBudget {
  #left = PER_STEP

  /** @returns whether the step has done enough: the next one begins */
  spend(amount: number): boolean {
    this.#left -= amount
    if (this.#left > 0) return false
    this.#left = PER_STEP
    return true
  }
}
