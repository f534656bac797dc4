import { slept } from '@wgctrl/types'

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
    do {
      const controller = new AbortController()
      this.#again = () => controller.abort()
      await slept(left(), AbortSignal.any([signal, controller.signal]))
    } while (!signal.aborted && left() > 0)
    return !signal.aborted
  }

  /** There may be less left now. */
  reconsider(): void {
    this.#again()
  }
}
