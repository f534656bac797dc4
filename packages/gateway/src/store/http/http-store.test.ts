import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { generatePresharedKey, generatePrivateKey, type PublicKey, publicKey } from '@wgctrl/types'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { checkStoreConfig } from '../../config/check-store.js'
import type { HttpStoreConfig } from '../../config/gateway-config.js'
import { SealOpener, sealPresharedKey } from '../../seal/sealed-key.js'
import type { StoreChange, StoreProblem } from '../store.js'
import { HttpStore } from './http-store.js'

const key = publicKey(generatePrivateKey())
const other = publicKey(generatePrivateKey())
const opener = new SealOpener(generatePrivateKey(), 'key')
const client = { allowedIPs: ['10.0.0.1/32'] }
const eventually = { interval: 10 }

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

let server: Server
let base: string
let asked: IncomingMessage[]
let answer: (request: IncomingMessage, response: ServerResponse) => void
let problems: StoreProblem[]
let ended: AbortController

const json = (response: ServerResponse, value: unknown, headers = {}, status = 200): void => {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers })
  response.end(JSON.stringify(value))
}

const storeWith = (more: object = {}): HttpStore => {
  const raw = { type: 'http', url: `${base}/clients/{key}`, timeout: '60s', ...more }
  const config = checkStoreConfig(raw, tmpdir()) as HttpStoreConfig
  const unseal = opener.open.bind(opener)
  const rules = { clearPresharedKeys: config.clearPresharedKeys, unseal }
  return new HttpStore(config, rules, { onProblem: (problem) => void problems.push(problem) })
}

const find = (store = storeWith()) => store.find(key, { signal: ended.signal })

/** Hears changes until it fails, or the test is over. */
function hear(store: HttpStore, since?: number) {
  const heard: StoreChange[] = []
  const over = (async () => {
    for await (const change of store.changes({ since, signal: ended.signal })) heard.push(change)
  })()
  over.catch(() => {})
  return { heard, over, types: () => heard.map((change) => change.type) }
}

beforeEach(async () => {
  ;[asked, problems, ended] = [[], [], new AbortController()]
  server = createServer((request, response) => {
    asked.push(request)
    answer(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterEach(async () => {
  ended.abort()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

describe('a look-up over HTTP', () => {
  it('gives the client of a key, with the token of the file as it is now', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'wgctrl-http-'))
    const tokenFile = join(folder, 'token')
    await writeFile(tokenFile, 'first\n', { mode: 0o600 })
    answer = (_, response) => json(response, { ...client, revision: 7, id: 'of a database' })
    const store = storeWith({ tokenFile })
    expect(await find(store)).toEqual({ client, revision: 7 })
    await writeFile(tokenFile, 'second')
    await find(store)
    expect(asked.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer first',
      'Bearer second',
    ])
    const [, path = ''] = /^\/clients\/([\w-]{43})$/.exec(asked[0]?.url ?? '') ?? []
    expect(Buffer.from(path, 'base64url').toString('base64')).toBe(key)
    await writeFile(tokenFile, '')
    await expect(find(store)).rejects.toMatchObject({ code: 'EINVAL' })
    await rm(folder, { recursive: true })
  })

  it.each([404, 410])('takes status %i for nobody', async (status) => {
    answer = (_, response) => json(response, { error: 'none' }, {}, status)
    expect(await find()).toBeUndefined()
    expect(asked).toHaveLength(1)
  })

  it('tries again what may pass, and no other', async () => {
    answer = (_, response) => json(response, client, {}, asked.length === 1 ? 503 : 200)
    expect(await find()).toEqual({ client })
    answer = (request) => request.socket.destroy()
    await expect(find()).rejects.toMatchObject({ code: 'EAGAIN' })
    expect(asked).toHaveLength(4)
    answer = (_, response) => json(response, {}, {}, 403)
    await expect(find()).rejects.toMatchObject({ code: 'EPERM' })
    expect(asked).toHaveLength(5)
  })

  it.each<[string, string, (response: ServerResponse) => void]>([
    ['never comes', 'ETIMEDOUT', () => {}],
    [
      'comes drop by drop',
      'ETIMEDOUT',
      (response) => {
        response.writeHead(200, { 'content-type': 'application/json' })
        const timer = setInterval(() => response.write(' '), 20)
        response.on('close', () => clearInterval(timer))
      },
    ],
    [
      'has no end',
      'EMSGSIZE',
      (response) => {
        response.writeHead(200, { 'content-type': 'application/json' })
        const piece = ' '.repeat(65_536)
        const more = (): void => {
          while (!response.destroyed && response.write(piece)) {}
        }
        response.on('drain', more)
        more()
      },
    ],
    [
      'is a page',
      'EPROTO',
      (response) => response.setHeader('content-type', 'text/html').end('<p>'),
    ],
    [
      'is no JSON',
      'EPROTO',
      (response) => response.setHeader('content-type', 'application/json').end('{'),
    ],
    [
      'leads elsewhere',
      'EAGAIN',
      (response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
    ],
    ['is no client', 'EINVAL', (response) => json(response, ['10.0.0.1/32'])],
    ['is a client without networks', 'EINVAL', (response) => json(response, {})],
    ['has a bad network', 'EINVAL', (response) => json(response, { allowedIPs: ['10.0.0.500'] })],
    [
      'has a preshared key in clear',
      'EINVAL',
      (response) => json(response, { ...client, presharedKey: other }),
    ],
    ['is not modified', 'EPROTO', (response) => response.writeHead(304).end()],
  ])('fails when the answer %s', async (_, code, give) => {
    answer = (__, response) => give(response)
    const timeout = code === 'ETIMEDOUT' ? '500ms' : '60s'
    const failure = await find(storeWith({ timeout })).then(
      () => undefined,
      (error: Error) => error,
    )
    expect(failure).toMatchObject({ code })
    expect(`${failure}`).not.toContain(other)
  })

  it('takes preshared keys as they are where that was asked for', async () => {
    answer = (_, response) => json(response, { ...client, presharedKey: other })
    const found = await find(storeWith({ clearPresharedKeys: true }))
    expect(found?.client.presharedKey?.toBase64()).toBe(other)
  })

  it('opens sealed preshared keys, and fails for a client whose key it cannot open', async () => {
    const presharedKey = generatePresharedKey()
    const seal = (whose: PublicKey) =>
      sealPresharedKey(presharedKey, { gateway: opener.publicKey, client: whose })
    let sealedPresharedKey: unknown = [seal(other as PublicKey), seal(key)]
    answer = (_, response) => json(response, { ...client, sealedPresharedKey })
    expect((await find())?.client.presharedKey?.equals(presharedKey)).toBe(true)
    const refused = { code: 'EINVAL', path: 'client.sealedPresharedKey' }
    for (sealedPresharedKey of [seal(other as PublicKey), 'AQ', null, []]) {
      await expect(find()).rejects.toMatchObject(refused)
    }
    answer = (_, response) =>
      json(response, { ...client, presharedKey: other, sealedPresharedKey: seal(key) })
    await expect(find(storeWith({ clearPresharedKeys: true }))).rejects.toMatchObject(refused)
  })

  it('is given up in time after its beginning, also when memory was tidied meanwhile', async () => {
    answer = (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      const timer = setInterval(() => response.write(' '), 20)
      response.on('close', () => clearInterval(timer))
    }
    const tidying = setInterval(collectGarbage, 200)
    onTestFinished(() => clearInterval(tidying))
    const store = storeWith({ timeout: '1s' })
    const found = await Promise.allSettled(Array.from({ length: 20 }, () => find(store)))
    const codes = found.map((each) => each.status === 'rejected' && each.reason.code)
    expect(new Set(codes)).toEqual(new Set(['ETIMEDOUT']))
  })

  it('is given up with its signal', async () => {
    answer = () => ended.abort()
    await expect(find()).rejects.toMatchObject({ name: 'AbortError' })
  })
})

/** How much Node keeps of other signals and of listeners with a signal. */
const keptBy = (signal: AbortSignal): number => {
  const own = Object.getOwnPropertySymbols(signal).map((name) => Reflect.get(signal, name))
  return own.reduce((sum, each) => sum + (each?.size ?? 0), 0)
}

it('keeps nothing of requests with a signal that lives on', async () => {
  answer = (_, response) => json(response, client)
  const store = storeWith({ changes: { url: `${base}/changes`, by: 'events' } })
  for (let count = 0; count < 5; count++) {
    await find(store)
    await expect(hear(store).over).rejects.toMatchObject({ code: 'EPROTO' })
  }
  expect(keptBy(ended.signal)).toBe(0)
})

describe('changes by polling', () => {
  const polling = (more = {}) =>
    storeWith({ changes: { url: `${base}/changes?of=all`, interval: '50ms', ...more } })

  it('come with a revision, are asked for by the tag of the answer, and are lost where the service says so', async () => {
    let [revision, changes] = [5, [] as unknown[]]
    let isGone = false
    answer = (request, response) => {
      const since = new URL(request.url ?? '', base).searchParams.get('since')
      if (isGone && since !== null) return json(response, {}, {}, 410)
      const etag = `"${since}-${revision}"`
      if (request.headers['if-none-match'] === etag) return response.writeHead(304).end()
      json(response, { revision, changes: since === `${revision}` ? [] : changes }, { etag })
    }
    const { heard } = hear(polling())
    await vi.waitFor(() => expect(heard[0]).toEqual({ type: 'lost', revision: 5 }), eventually)
    await vi.waitFor(() => expect(asked.at(-1)?.headers['if-none-match']).toBe('"5-5"'), eventually)
    changes = [
      { publicKey: key, revision: 6, client },
      { publicKey: other, revision: 7, client: { allowedIPs: 'all' } },
      { publicKey: other, revision: 8, client: null },
    ]
    revision = 8
    await vi.waitFor(
      () =>
        expect(heard.filter(({ type }) => type !== 'current').slice(1)).toEqual([
          { type: 'changed', publicKey: key, revision: 6, client },
          { type: 'revoked', publicKey: other, revision: 8 },
        ]),
      eventually,
    )
    expect(problems).toMatchObject([{ place: other, message: /client\.allowedIPs/ }])
    expect(asked.every(({ url }) => url?.includes('of=all'))).toBe(true)
    ;[isGone, revision] = [true, 2]
    const anew = { type: 'lost', revision: 2 }
    await vi.waitFor(() => expect(heard).toContainEqual(anew), eventually)
  })

  it('are lost when the revision goes back', async () => {
    answer = (_, response) => json(response, { revision: 3 })
    const { heard } = hear(polling(), 9)
    await vi.waitFor(() => expect(heard[0]).toEqual({ type: 'lost', revision: 3 }), eventually)
  })

  it.each<[string, unknown, number]>([
    ['no revision', { changes: [] }, 200],
    ['no list', { revision: 1, changes: {} }, 200],
    ['nothing at this URL', {}, 404],
    ['a failure', {}, 500],
    ['nothing that is known any more, even from the beginning', {}, 410],
    ['more than is read, even from the beginning', 'x'.repeat(17 * 2 ** 20), 200],
  ])('fail with %s', async (_, body, status) => {
    answer = (__, response) => json(response, body, {}, status)
    await expect(hear(polling(), 1).over).rejects.toMatchObject({
      code: expect.stringMatching(/EPROTO|EINVAL|EAGAIN|EMSGSIZE/),
    })
    expect(asked.length).toBeLessThanOrEqual(2)
  })

  it('give others their turns while very many are told', async () => {
    const entries = Array.from({ length: 2000 }, () => ({ publicKey: key, client }))
    answer = (_, response) => json(response, { revision: 9, changes: entries })
    let turns = 0
    let next = setImmediate(function again() {
      turns++
      next = setImmediate(again)
    })
    onTestFinished(() => clearImmediate(next))
    const seen: number[] = []
    for await (const change of polling().changes({ since: 1, signal: ended.signal })) {
      seen.push(turns)
      if (change.type === 'current') break
    }
    expect(seen).toHaveLength(2001)
    expect((seen.at(-1) ?? 0) - (seen[0] ?? 0)).toBeGreaterThanOrEqual(5)
  })

  it('are lost where they are more than is read at once, instead of being asked for each time', async () => {
    answer = (request, response) => {
      const padding = request.url?.includes('since') ? 'x'.repeat(17 * 2 ** 20) : ''
      json(response, { revision: 9, padding })
    }
    const { heard } = hear(polling(), 1)
    await vi.waitFor(() => expect(heard[0]).toEqual({ type: 'lost', revision: 9 }), eventually)
    expect(asked).toHaveLength(2)
  })
})

describe('changes as server-sent events', () => {
  const listening = (interval = '30s') =>
    storeWith({ changes: { url: `${base}/events`, by: 'events', interval } })

  let streams: ServerResponse[]
  beforeEach(() => {
    streams = []
    answer = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      streams.push(response)
      response.write(': hello\n\n')
    }
  })
  const stream = async (): Promise<ServerResponse> => {
    await vi.waitFor(() => expect(streams).toHaveLength(1), eventually)
    return streams[0] as ServerResponse
  }

  it('are told as they come, however they are cut, from the revision that is known', async () => {
    const { heard } = hear(listening(), 4)
    const out = await stream()
    expect(asked[0]?.headers['last-event-id']).toBe('4')
    const change = JSON.stringify({ publicKey: key, client: { ...client, name: 'ålice' } })
    const bytes = Buffer.from(
      `event: change\r\nid: 5\r\ndata: ${change}\r\n\r\nevent: current\nid: 5\n\nevent: change\nid: 6\ndata: {\ndata: "publicKey": "${other}", "client": null }\n\n`,
    )
    for (const byte of bytes) {
      out.write(Buffer.from([byte]))
      if (byte === 10) await new Promise((resolve) => setTimeout(resolve, 1))
    }
    await vi.waitFor(
      () =>
        expect(heard).toEqual([
          { type: 'changed', publicKey: key, revision: 5, client: { ...client, name: 'ålice' } },
          { type: 'current', revision: 5 },
          { type: 'revoked', publicKey: other, revision: 6 },
        ]),
      eventually,
    )
    out.write('event: change\nid: 7\ndata: nonsense\n\nevent: lost\nid: 9\n\n')
    await vi.waitFor(() => expect(heard.at(-1)).toEqual({ type: 'lost', revision: 9 }), eventually)
    expect(problems).toHaveLength(1)
  })

  it('begin with all lost when nothing is known, and fail when they are cut or silent', async () => {
    const first = hear(listening())
    ;(await stream()).write('event: current\nid: 3\n\n')
    await vi.waitFor(() => expect(first.types()).toEqual(['lost', 'current']), eventually)
    streams[0]?.destroy()
    await expect(first.over).rejects.toThrow()
    const silent = hear(listening('100ms'), 3)
    await expect(silent.over).rejects.toMatchObject({ code: 'EPROTO' })
  })

  it('fail with an event that has no end, and with something else than events', async () => {
    const endless = hear(listening())
    const out = await stream()
    const more = (): void => {
      while (!out.destroyed && out.write('data: x'.padEnd(65_536, 'x'))) {}
    }
    out.on('drain', more)
    more()
    await expect(endless.over).rejects.toThrow(/characters/)
    answer = (_, response) => json(response, {})
    await expect(hear(listening(), 1).over).rejects.toMatchObject({ code: 'EPROTO' })
  })
})

describe('a client who is revoked, in a service as the config has it by default', () => {
  const revoked = { publicKey: key, revision: 2, client: null }
  const gone = { type: 'revoked', publicKey: key, revision: 2 }

  it('is told by the next poll, half a second later', async () => {
    const changes = { url: `${base}/changes` }
    const raw = { type: 'http', url: `${base}/{key}`, changes }
    expect(checkStoreConfig(raw, '/')).toMatchObject({ changes: { by: 'poll', interval: 500 } })
    let isRevoked = false
    answer = (_, response) =>
      json(response, isRevoked ? { revision: 2, changes: [revoked] } : { revision: 1 })
    const { heard } = hear(storeWith({ changes }), 1)
    await vi.waitFor(() => expect(heard).toHaveLength(1), eventually)
    isRevoked = true
    const before = asked.length
    await vi.waitFor(() => expect(heard).toContainEqual(gone), eventually)
    const polls = heard.slice(
      0,
      heard.findIndex(({ type }) => type === 'revoked'),
    )
    expect(polls.length).toBeLessThanOrEqual(before)
  })

  it('is told by the event itself, and by no other request', async () => {
    let out: ServerResponse | undefined
    answer = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('event: current\nid: 1\n\n')
      out = response
    }
    const { heard } = hear(storeWith({ changes: { url: `${base}/events`, by: 'events' } }), 1)
    await vi.waitFor(() => expect(heard).toHaveLength(1), eventually)
    out?.write(`event: change\nid: 2\ndata: ${JSON.stringify(revoked)}\n\n`)
    await vi.waitFor(() => expect(heard[1]).toEqual(gone), eventually)
    expect(asked).toHaveLength(1)
  })
})

describe('server-sent events that cannot be told', () => {
  const events = (since?: number) =>
    hear(storeWith({ changes: { url: `${base}/events`, by: 'events', interval: '1h' } }), since)
  const open = (response: ServerResponse, text: string): void => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(text)
  }

  it('are lost when what came behind is not known any more', async () => {
    answer = ({ headers }, response) => {
      if (headers['last-event-id'] !== undefined) json(response, {}, {}, 410)
      else open(response, 'event: current\nid: 3\n\n')
    }
    const { types } = events(7)
    await vi.waitFor(() => expect(types()).toEqual(['lost', 'current']), eventually)
    expect(asked).toHaveLength(2)
  })

  it('fail when nothing is known even from the beginning', async () => {
    answer = (_, response) => json(response, {}, {}, 410)
    await expect(events(7).over).rejects.toMatchObject({ code: 'ESTALE' })
    await expect(events().over).rejects.toMatchObject({ code: 'ESTALE' })
    expect(asked).toHaveLength(3)
  })

  it('are lost when one is longer than is read', async () => {
    const long = `event: change\nid: 8\ndata: ${'x'.repeat(300_000)}\n\n`
    answer = ({ headers }, response) =>
      open(response, headers['last-event-id'] === '7' ? long : 'event: current\nid: 8\n\n')
    const { heard } = events(7)
    await vi.waitFor(() => expect(heard[0]).toEqual({ type: 'lost', revision: 8 }), eventually)
  })
})

describe('a service without changes', () => {
  it('has all who are in asked for again from time to time', async () => {
    const { types, heard } = hear(storeWith({ refresh: '100ms' }), 4)
    await vi.waitFor(() => expect(types().length).toBeGreaterThan(2), eventually)
    expect(new Set(types())).toEqual(new Set(['due']))
    expect(heard.slice(0, 2).map(({ revision }) => revision)).toEqual([5, 6])
  })

  it('is known to be away as soon as a look-up fails, and to be back by its answer', async () => {
    const store = storeWith({ refresh: '1d', retries: 0 })
    answer = (_, response) => json(response, client)
    const { over, types } = hear(store)
    await vi.waitFor(() => expect(types()).toEqual(['due']), eventually)
    await find(store)
    answer = (_, response) => json(response, {}, {}, 503)
    await expect(find(store)).rejects.toMatchObject({ code: 'EAGAIN' })
    await expect(over).rejects.toMatchObject({ code: 'EAGAIN' })
    await expect(hear(store, 1).over).rejects.toMatchObject({ code: 'EAGAIN' })
    answer = (_, response) => json(response, {}, {}, 404)
    const { heard } = hear(store, 1)
    await vi.waitFor(() => expect(heard).toEqual([{ type: 'due', revision: 2 }]), eventually)
  })

  it('is there when it has no answer for one client alone', async () => {
    const store = storeWith({ refresh: '1d', retries: 0 })
    const bad = Buffer.from(key, 'base64').toString('base64url')
    answer = ({ url }, response) => json(response, client, {}, url?.includes(bad) ? 500 : 200)
    const { over, types } = hear(store)
    const findOther = () => store.find(other as PublicKey, { signal: ended.signal })
    await expect(find(store)).rejects.toMatchObject({ code: 'EAGAIN' })
    // Nobody else was asked for as yet: it may as well be away.
    await expect(over).rejects.toMatchObject({ code: 'EAGAIN' })
    await findOther()
    const again = hear(store)
    for (let tries = 0; tries < 3; tries++) await expect(find(store)).rejects.toThrow('500')
    await findOther()
    await vi.waitFor(() => expect(asked.length).toBeGreaterThan(8), eventually)
    expect([types(), again.types()]).toEqual([['due'], ['due']])
  })
})

describe('the config of an HTTP store', () => {
  it.each<[string, object]>([
    ['store.url', { url: 'clients' }],
    ['store.url', { url: 'https://example.net/clients' }],
    ['store.url', { url: 'http://example.net/{key}' }],
    ['store.url', { url: 'https://user:pass@example.net/{key}' }],
    ['store.changes.url', { changes: {} }],
    ['store.changes.by', { changes: { url: 'https://example.net', by: 'push' } }],
    ['store.changes.interval', { changes: { url: 'https://example.net', interval: '1ms' } }],
    ['store.timeout', { timeout: 2 }],
    ['store.retries', { retries: -1 }],
    ['store.token', { token: 'secret' }],
  ])('names the field that is wrong: %s', (path, more) => {
    const raw = { type: 'http', url: 'https://example.net/{key}', ...more }
    expect(() => checkStoreConfig(raw, '/')).toThrow(expect.objectContaining({ path }))
    const insecure = { type: 'http', url: 'http://example.net/{key}', insecure: true }
    expect(checkStoreConfig(insecure, '/')).toMatchObject({ timeout: 2000, retries: 1 })
  })
})
