/** Milliseconds before the second try, and at most. */
const [FIRST, LONGEST] = [100, 5000]

/**
 * How long to wait between tries: twice as long each time, and half as much more or less by chance, since many gateways
 * lose the same server at once and should not all return at once.
 */
export class Pauses {
  #next = FIRST

  /** Milliseconds until the next try. */
  take(): number {
    const pause = this.#next * (0.5 + Math.random())
    this.#next = Math.min(2 * this.#next, LONGEST)
    return pause
  }

  /** It worked, or what kept it from working is gone: one that fails now is tried again soon. */
  reset(): void {
    this.#next = FIRST
  }
}
