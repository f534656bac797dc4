import { readdirSync, readFileSync, statSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { PASSWORD, PanelProcess, setPassword } from './panel-process.js'
import { startPanel } from './stage.js'
import { Visitor } from './visitor.js'

let data: string
let panel: PanelProcess
let visitor: Visitor

beforeAll(async () => {
  ;({ data, panel, visitor } = await startPanel())
})

afterAll(() => panel.stop())

it('gives a cookie that no script and no other site has', async () => {
  const response = await new Visitor(panel.url).ask('POST', 'login', { password: PASSWORD })
  const cookie = response.headers.get('set-cookie')
  expect(cookie).toMatch(/^panel=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/)
})

it.each([
  ['GET', 'events'],
  ['GET', 'settings'],
  ['PUT', 'settings'],
  ['POST', 'clients'],
  ['PATCH', 'clients/1'],
  ['DELETE', 'clients/1'],
  ['POST', 'clients/1/keys'],
  ['GET', 'clients/1/traffic'],
])('answers %s %s to nobody who is not logged in', async (method, path) => {
  const body = method === 'GET' ? undefined : {}
  expect((await new Visitor(panel.url).ask(method, path, body)).status).toBe(401)
})

it.each([
  ['another origin', 403, { Origin: 'https://evil.example' }],
  ['no origin at all', 403, { Origin: 'null' }],
  ['another site', 403, { 'Sec-Fetch-Site': 'cross-site' }],
  ['a form', 415, { 'Content-Type': 'text/plain' }],
])('changes nothing for a request from %s', async (_, status, headers) => {
  const response = await visitor.ask('POST', 'clients', { name: 'mallory' }, headers)
  expect(response.status).toBe(status)
  expect(await visitor.clients()).toEqual([])
})

it('opens no file but those of the page', async () => {
  for (const path of ['/../panel.mjs', '/..%2fpanel.mjs', '/data/panel.db', '/panel.mjs']) {
    expect(await statusOf(path)).toBe(404)
  }
  expect(await statusOf('/')).toBe(200)
})

it('keeps no key that could be read', async () => {
  const { file } = await visitor.call<{ file: string }>('POST', 'clients', { name: 'alice' })
  const keys = [...file.matchAll(/^(?:Private|Preshared)Key = (.*)$/gm)].map(([, key]) => key ?? '')
  expect(keys).toHaveLength(2)
  const paths = readdirSync(data).map((name) => join(data, name))
  for (const path of paths) {
    expect(statSync(path).mode & 0o077).toBe(0)
    const content = readFileSync(path)
    for (const key of keys) {
      expect(content.includes(key)).toBe(false)
      expect(content.includes(Buffer.from(key, 'base64'))).toBe(false)
    }
  }
})

it('lets nobody in who tried too often, and still those from elsewhere', async () => {
  const mallory = new Visitor(panel.url)
  for (let tries = 0; tries < 10; tries++) {
    expect((await mallory.ask('POST', 'login', { password: `guess ${tries}` })).status).toBe(401)
  }
  expect((await mallory.ask('POST', 'login', { password: PASSWORD })).status).toBe(429)
  expect(await statusOf('/api/login', '127.0.0.2', { password: PASSWORD })).toBe(204)
})

it('keeps sessions over a restart, until the password is another', async () => {
  await panel.stop()
  panel = await PanelProcess.start(data, 8080)
  await visitor.call('GET', 'settings')
  const end = new AbortController()
  const news = visitor.news(end.signal)
  await news.next()
  await setPassword(data, 'another battery')
  // The open stream ends as well.
  await expect(news.next().then(() => news.next())).rejects.toThrow()
  expect((await visitor.ask('GET', 'settings')).status).toBe(401)
})

/** Of a request as fetch() would not make it. */
function statusOf(path: string, localAddress = '127.0.0.1', body?: object): Promise<number> {
  const options = { method: body ? 'POST' : 'GET', path, localAddress }
  return new Promise((resolve, reject) => {
    const made = request(panel.url, options, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    made.setHeader('Content-Type', 'application/json')
    made.on('error', reject)
    made.end(body && JSON.stringify(body))
  })
}
