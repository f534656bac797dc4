import { WireGuardError } from 'wgctrl'

/** What a user did wrong, in words for him. */
export class Refusal extends Error {
  /**
   * @param {number} status of HTTP
   * @param {string} message
   * @param {string} [path] of the field that is wrong
   */
  constructor(status, message, path) {
    super(message)
    this.status = status
    this.path = path
  }
}

/**
 * What an error is for the user. The library's own say which field is wrong; what nobody foresaw says nothing.
 *
 * @param {unknown} error
 * @returns {{ status: number, message: string, path?: string | undefined }}
 */
export function refusalOf(error) {
  if (error instanceof Refusal) return error
  const { code, path, message } = /** @type {WireGuardError} */ (error)
  if (code === 'EINVAL') return { status: 400, message, path }
  if (error instanceof WireGuardError) return { status: 503, message }
  return { status: 500, message: 'The panel failed; its log says why.' }
}
