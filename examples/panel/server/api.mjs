import encodeQR from 'qr'
import { ANSWERED } from './http.mjs'
import { Refusal } from './refusal.mjs'
import { SESSION_TIME } from './sessions.mjs'

/** @typedef {import('./http.mjs').Call} Call */
/** @typedef {import('./http.mjs').Handler} Handler */

/**
 * @typedef {object} ApiParts
 * @property {import('./sessions.mjs').Sessions} sessions
 * @property {import('./settings.mjs').SettingsStore} settings
 * @property {import('./clients.mjs').Clients} clients
 * @property {import('./history.mjs').History} history
 * @property {import('./tunnel.mjs').Tunnel} tunnel
 * @property {import('./live.mjs').Live} live
 * @property {boolean} isProxied a reverse proxy speaks HTTPS, and says who asks
 */

/**
 * What the page asks for.
 *
 * @param {ApiParts} parts
 * @returns {Record<string, Handler>}
 */
export function api({ sessions, settings, clients, history, tunnel, live, isProxied }) {
  const cookie = isProxied ? '__Host-panel' : 'panel'
  const tokenOf = (/** @type {Call} */ { request }) =>
    request.headers.cookie?.match(new RegExp(`(?:^|; )${cookie}=([\\w-]+)`))?.[1]

  /**
   * @param {Call} call
   * @param {string} token
   * @param {number} seconds
   */
  const setCookie = ({ response }, token, seconds) => {
    const secure = isProxied ? '; Secure' : ''
    const words = `Path=/; HttpOnly; SameSite=Strict; Max-Age=${seconds}${secure}`
    response.setHeader('Set-Cookie', `${cookie}=${token}; ${words}`)
  }

  /** @param {Handler} handler */
  const guarded = (handler) => (/** @type {Call} */ call) => {
    if (!sessions.isOpen(tokenOf(call))) throw new Refusal(401, 'Log in first.')
    return handler(call)
  }

  /** A change of what the device shall be. The database has it now, and the device when this is over. */
  const changing = (/** @type {Handler} */ handler) =>
    guarded(async (call) => {
      const answer = await handler(call)
      await tunnel.apply()
      return answer
    })

  const idOf = (/** @type {Call} */ { params }) => Number(params['id'])

  return {
    'POST /api/login': async (call) => {
      const token = await sessions.logIn(call.body.password, addressOf(call, isProxied))
      setCookie(call, token, SESSION_TIME / 1000)
    },
    'POST /api/logout': (call) => {
      sessions.logOut(tokenOf(call))
      setCookie(call, '', 0)
    },
    'GET /api/events': guarded((call) => {
      const { response } = call
      live.open({ response, isAllowed: () => sessions.isOpen(tokenOf(call)) })
      return ANSWERED
    }),
    'POST /api/clients': changing(({ body: { name, expires } }) =>
      withPicture(clients.add({ name, expires })),
    ),
    'PATCH /api/clients/:id': changing((call) => {
      const { name, enabled, expires } = call.body
      clients.change(idOf(call), { name, enabled, expires })
    }),
    'POST /api/clients/:id/keys': changing((call) => withPicture(clients.renewKeys(idOf(call)))),
    'DELETE /api/clients/:id': changing((call) => clients.delete(idOf(call))),
    'GET /api/clients/:id/traffic': guarded((call) => {
      const plot = history.plot(idOf(call), call.query.get('range') ?? 'hour')
      if (!plot) throw new Refusal(400, 'There is no such range.', 'range')
      return plot
    }),
    'GET /api/settings': guarded(() => settings.get()),
    'PUT /api/settings': changing(async ({ body }) => {
      settings.set(await tunnel.check(body), () => clients.addresses())
    }),
  }
}

/**
 * A client's file, and a QR code of what is in it. Names stay out of that: apps read anything but ASCII as they please.
 *
 * @param {{ id: number, name: string, config: string }} client
 */
const withPicture = ({ id, name, config }) => ({
  id,
  name,
  file: `# ${name}\n\n${config}`,
  qr: encodeQR(config, 'svg', { ecc: 'low' }),
})

/**
 * @param {Call} call
 * @param {boolean} isProxied
 */
function addressOf({ request }, isProxied) {
  // The proxy puts the one who asked it last; what stands before is what he says.
  const said = isProxied ? String(request.headers['x-forwarded-for'] ?? '') : ''
  return said.split(',').at(-1)?.trim() || request.socket.remoteAddress || ''
}
