import { createServer } from 'node:http'
import { Refusal, refusalOf } from './refusal.mjs'

/**
 * @typedef {object} Call
 * @property {import('node:http').IncomingMessage} request
 * @property {import('node:http').ServerResponse} response
 * @property {Record<string, string>} params of the path
 * @property {URLSearchParams} query
 * @property {any} body what came as JSON
 */

/**
 * What it returns is sent as JSON; nothing: 204. One that answers by itself returns `ANSWERED`.
 *
 * @typedef {(call: Call) => unknown} Handler
 */

export const ANSWERED = Symbol('answered')

const MOST_BYTES = 64 * 1024

const HEADERS = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy':
    "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
}

/**
 * @param {Record<string, Handler>} routes by method and path: `GET /api/clients/:id`
 */
export function makeServer(routes) {
  const table = Object.entries(routes).map(([route, handler]) => {
    const [method, path = ''] = route.split(' ')
    return { method, segments: path.split('/'), handler }
  })
  return createServer(async (request, response) => {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value)
    try {
      const { pathname, searchParams: query } = new URL(request.url ?? '/', 'http://panel')
      const found = find(table, request.method ?? '', pathname)
      refuseForeign(request)
      const body = request.method === 'GET' ? undefined : await readJson(request)
      const answer = await found.handler({ request, response, params: found.params, query, body })
      if (answer !== ANSWERED) sendJson(response, answer === undefined ? 204 : 200, answer)
    } catch (error) {
      const { status, message, path } = refusalOf(error)
      if (status === 500) console.error(error)
      if (response.headersSent) response.destroy()
      else sendJson(response, status, { message, path })
    }
  })
}

/**
 * @param {{ method: string | undefined, segments: string[], handler: Handler }[]} table
 * @param {string} method
 * @param {string} pathname
 */
function find(table, method, pathname) {
  const parts = pathname.split('/')
  for (const { method: wanted, segments, handler } of table) {
    if (wanted !== method || segments.length !== parts.length) continue
    /** @type {Record<string, string>} */
    const params = {}
    const fits = segments.every((segment, at) => {
      const part = parts[at] ?? ''
      if (segment.startsWith(':')) params[segment.slice(1)] = part
      return segment.startsWith(':') || segment === part
    })
    if (fits) return { handler, params }
  }
  throw new Refusal(404, 'There is nothing here.')
}

/**
 * A page of another site cannot change anything: the cookie does not go with its requests (SameSite), and browsers say
 * where a request comes from.
 *
 * @param {import('node:http').IncomingMessage} request
 */
function refuseForeign({ method, headers }) {
  if (method === 'GET') return
  const site = headers['sec-fetch-site']
  const isForeign = site !== undefined && site !== 'same-origin'
  const isOfOther = headers.origin !== undefined && hostOf(headers.origin) !== headers.host
  if (isForeign || isOfOther) throw new Refusal(403, 'This request comes from another site.')
  if (!headers['content-type']?.startsWith('application/json')) {
    throw new Refusal(415, 'JSON is wanted.')
  }
}

/** @param {string} origin */
const hostOf = (origin) => (URL.canParse(origin) ? new URL(origin).host : undefined)

/** @param {import('node:http').IncomingMessage} request */
async function readJson(request) {
  const chunks = []
  let length = 0
  for await (const chunk of request) {
    length += chunk.length
    if (length > MOST_BYTES) throw new Refusal(413, 'This is too large.')
    chunks.push(chunk)
  }
  try {
    const body = JSON.parse(Buffer.concat(chunks).toString())
    if (typeof body === 'object' && body !== null) return body
  } catch {}
  throw new Refusal(400, 'This is no JSON object.')
}

/**
 * @param {import('node:http').ServerResponse} response
 * @param {number} status
 * @param {unknown} answer
 */
function sendJson(response, status, answer) {
  response.writeHead(status, { 'Content-Type': 'application/json' })
  response.end(answer === undefined ? undefined : JSON.stringify(answer))
}
