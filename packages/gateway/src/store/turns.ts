/** How many clients are seen to before others have a turn. */
const PER_TURN = 250

/** Long work, client by client, between which others have turns. */
export class Turns {
  #count = 0

  /** Waits where it is the turn of others. */
  async next(): Promise<void> {
    if (++this.#count % PER_TURN === 0) await new Promise(setImmediate)
  }
}
