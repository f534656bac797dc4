import { readdirSync, readFileSync } from 'node:fs'
import { extname } from 'node:path'
import { ANSWERED } from './http.mjs'

/** @type {Record<string, string>} */
const TYPES = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}

const FOLDER = new URL('../public/', import.meta.url)

/** The files of `public/`, each under its own name: no path of a request is ever opened. */
export function pages() {
  const files = readdirSync(FOLDER).filter((name) => extname(name) in TYPES)
  const routes = files.map((name) => [`GET /${name}`, page(name)])
  return { 'GET /': page('index.html'), ...Object.fromEntries(routes) }
}

/**
 * @param {string} name
 * @returns {import('./http.mjs').Handler}
 */
function page(name) {
  const content = readFileSync(new URL(name, FOLDER))
  return ({ response }) => {
    response.writeHead(200, { 'Content-Type': TYPES[extname(name)] })
    response.end(content)
    return ANSWERED
  }
}
