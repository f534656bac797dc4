/** What the server refused, in its words. */
export class Refused extends Error {
  /**
   * @param {number} status
   * @param {{ message?: string, path?: string }} answer
   */
  constructor(status, { message = 'The panel does not answer.', path }) {
    super(message)
    this.status = status
    this.path = path
  }
}

/** Is told when the session is over. */
export const loggedOut = new EventTarget()

/**
 * @param {string} method
 * @param {string} path below /api/
 * @param {object} [body]
 * @returns {Promise<any>}
 */
export async function call(method, path, body) {
  const response = await fetch(`/api/${path}`, {
    method,
    headers: { 'Content-Type': 'application/json' },
    ...(method !== 'GET' && { body: JSON.stringify(body ?? {}) }),
  }).catch(() => {
    throw new Refused(0, {})
  })
  const answer = response.status === 204 ? undefined : await response.json().catch(() => ({}))
  if (response.ok) return answer
  if (response.status === 401 && path !== 'login') loggedOut.dispatchEvent(new Event('now'))
  throw new Refused(response.status, answer)
}
