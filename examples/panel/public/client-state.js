/**
 * @typedef {object} Client
 * @property {number} id
 * @property {string} name
 * @property {string} publicKey
 * @property {string[]} addresses
 * @property {boolean} enabled
 * @property {number | null} expires
 * @property {number} received by the server
 * @property {number} transmitted
 * @property {'never' | 'connected' | 'idle' | 'gone'} [state] absent: the device does not have it
 * @property {string} [lastHandshake]
 * @property {string} [endpoint]
 * @property {number} [receiveRate]
 * @property {number} [transmitRate]
 */

const WORDS = {
  connected: 'Connected',
  idle: 'Idle',
  gone: 'Away',
  never: 'Not seen yet',
  disabled: 'Disabled',
  expired: 'Expired',
  waiting: 'Waiting for the device',
}

/**
 * @param {Client} client
 * @returns {keyof typeof WORDS}
 */
export function stateOf({ enabled, expires, state }) {
  if (!enabled) return 'disabled'
  if (expires !== null && expires <= Date.now()) return 'expired'
  return state ?? 'waiting'
}

/** @param {Client} client */
export const stateWords = (client) => WORDS[stateOf(client)]
