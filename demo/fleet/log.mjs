import { EventEmitter } from 'node:events'

/** What of a gateway's log is shown: that it looks nobody up twice, and the like, is for its operator. */
const SHOWN = new Set(['moved', 'left', 'revoked', 'kept', 'store-away', 'store-back'])

/** Milliseconds that a line is waited for. */
const LONGEST = 30_000

/** @typedef {Record<string, string> & { gateway: string, at: number }} Told */

/**
 * What the gateways of a fleet tell, with the names of clients instead of their keys.
 *
 * @extends {EventEmitter<{ told: [Told] }>}
 */
export class Log extends EventEmitter {
  #started = performance.now()
  /** @type {Map<string, string>} */
  #names = new Map()

  /** @param {{ publicKey: string, name: string }} client */
  name({ publicKey, name }) {
    this.#names.set(publicKey, name)
  }

  /** @param {import('./gateway.mjs').Gateway} gateway */
  follow(gateway) {
    gateway.on('event', (event) => {
      const at = performance.now()
      if (SHOWN.has(event['event'] ?? '')) this.#show(gateway.name, event, at)
      this.emit('told', /** @type {Told} */ ({ ...event, gateway: gateway.name, at }))
    })
  }

  /**
   * Waits for a line of a gateway, half a minute at most. What it waits for has to be begun behind the call.
   *
   * @param {string} event
   * @param {Record<string, string>} fields
   * @returns {Promise<Told>}
   */
  next(event, fields) {
    const wanted = Object.entries({ event, ...fields })
    return new Promise((resolve, reject) => {
      const look = (/** @type {Told} */ told) => {
        if (wanted.every(([name, value]) => told[name] === value)) end(() => resolve(told))
      }
      const late = new Error(`no gateway said ${wanted.map(([, value]) => value).join(' ')}`)
      const timer = setTimeout(() => end(() => reject(late)), LONGEST)
      const end = (/** @type {() => void} */ settle) => {
        clearTimeout(timer)
        this.off('told', look)
        settle()
      }
      this.on('told', look)
    })
  }

  /**
   * @param {string} gateway
   * @param {Record<string, string>} event
   * @param {number} at
   */
  #show(gateway, { event = '', publicKey = '', from, to }, at) {
    const client = this.#names.get(publicKey) ?? publicKey
    const texts = new Map([
      ['moved', `${client} is here now, and was ${from === undefined ? 'nowhere' : `at ${from}`}`],
      ['left', `${client} is taken out: it is at ${to}`],
      ['revoked', `${client} is taken out: it is revoked`],
      ['kept', `${client} is let in by what the store said of it before`],
      ['store-away', 'the store is away'],
      ['store-back', 'the store is back'],
    ])
    const seconds = ((at - this.#started) / 1000).toFixed(3).padStart(7)
    console.log(`   ${seconds} s  ${gateway}  ${texts.get(event)}`)
  }
}
