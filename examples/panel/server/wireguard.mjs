import { connect, open } from 'wgctrl'

/** @typedef {import('wgctrl').WireGuardClient} WireGuardClient */

/**
 * The devices: those of this process, which has to be root then, or those that a helper serves (helper.mjs). A helper may
 * be started anew; the next who needs it connects again.
 */
export class Machine {
  #helper
  /** @type {Promise<WireGuardClient> | undefined} */
  #client

  /** @param {string | undefined} helper the path of its socket */
  constructor(helper) {
    this.#helper = helper
  }

  /**
   * @template T
   * @param {(wg: WireGuardClient) => Promise<T>} work
   * @returns {Promise<T>}
   */
  async use(work) {
    this.#client ??= this.#open()
    const client = this.#client
    try {
      return await work(await client)
    } catch (error) {
      if (this.#client === client && isLost(error)) this.#client = undefined
      throw error
    }
  }

  async close() {
    const wg = await this.#client?.catch(() => undefined)
    await wg?.close()
  }

  /** @returns {Promise<WireGuardClient>} */
  async #open() {
    try {
      return this.#helper === undefined ? await open() : await connect(this.#helper)
    } catch (error) {
      this.#client = undefined
      throw error
    }
  }
}

/** @param {unknown} error */
const isLost = (error) =>
  /** @type {import('wgctrl').WireGuardError} */ (error).code === 'ECONNRESET'
