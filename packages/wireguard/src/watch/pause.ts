import { onAbort, slept } from '@wgctrl/types'

/** A wait whose length may change while it lasts. */
export class Pause {
  #again = (): void => {}

  /**
   * Waits until nothing is left.
   *
   * @param left milliseconds, counted from when it is asked
   * @returns `false` when the signal fired first
   */
  async over(left: () => number, signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      // Not AbortSignal.any(): Node 20 keeps something of each for as long as the signal is there.
      const controller = new AbortController()
      this.#again = () => controller.abort()
      const unlisten = onAbort(signal, this.#again)
      await slept(left(), controller.signal)
      unlisten()
      if (!(left() > 0)) break
    }
    return !signal.aborted
  }

  /** There may be less left now. */
  reconsider(): void {
    this.#again()
  }
}
