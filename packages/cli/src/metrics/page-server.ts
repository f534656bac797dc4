import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { ListenAddress } from '@wgctrl/types'
import { errorText } from '../error-text.js'

export interface Page {
  /** Absent: 200. */
  readonly status?: number
  readonly contentType: string
  /** One for all who get it: it is never changed. */
  readonly body: Buffer
}

/** @param limit milliseconds after which whoever asks does not wait any more; absent: he does not say */
type MakePage = (limit: number | undefined) => Promise<Page>

export interface PageServerOptions {
  /** By path. */
  readonly pages: Readonly<Record<string, MakePage>>
  warn(text: string): void
}

/** Beyond that the connection that was silent for longest makes room for a new one. */
const MOST_CONNECTIONS = 256
/** Requests of a connection, before it has to be opened anew. */
const MOST_REQUESTS = 100
/** Milliseconds for a request's header, for all of a request, and for taking the answer. */
const [HEADER_TIME, REQUEST_TIME, ANSWER_TIME] = [5000, 10_000, 10_000]
/** Bytes. */
const LONGEST_HEADER = 8192
/** Requests in one piece of what comes: whoever sends more does not wait for answers. */
const MOST_AT_ONCE = 4

/** Serves a few pages over HTTP to whoever asks, within limits that nobody's requests can exceed. */
export class PageServer {
  readonly #options: PageServerOptions
  readonly #server: Server
  /** The one that was silent for longest first. */
  readonly #connections = new Set<Socket>()
  /** Connections that wait for an answer or take one. */
  readonly #busy = new WeakSet<Socket>()
  /** Those of them that are closed behind it. */
  readonly #ending = new WeakSet<Socket>()

  constructor(options: PageServerOptions) {
    this.#options = options
    this.#server = createServer(
      {
        headersTimeout: HEADER_TIME,
        requestTimeout: REQUEST_TIME,
        connectionsCheckingInterval: 1000,
        maxHeaderSize: LONGEST_HEADER,
      },
      (request, response) => void this.#take(request, response),
    )
    this.#server.maxRequestsPerSocket = MOST_REQUESTS
    this.#server.on('connection', (socket) => this.#admit(socket))
    this.#server.on('clientError', (error, socket) => this.#refuse(error, socket as Socket))
  }

  /** Where it serves; `undefined` before it was started and after it was stopped. */
  get address(): AddressInfo | undefined {
    return this.#server.address() as AddressInfo | undefined
  }

  /** @param listen with an address of IP */
  async start({ host, port }: ListenAddress): Promise<void> {
    this.#server.listen({ host, port })
    await once(this.#server, 'listening')
    this.#server.on('error', ({ message }) => this.#options.warn(message))
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return
    this.#server.close()
    this.#server.closeAllConnections()
    await once(this.#server, 'close')
  }

  #admit(socket: Socket): void {
    if (this.#connections.size >= MOST_CONNECTIONS) {
      const all = [...this.#connections]
      const first = all.find((each) => !this.#busy.has(each)) ?? all[0]
      first?.destroy()
    }
    this.#connections.add(socket)
    socket.once('close', () => this.#connections.delete(socket))
    socket.prependListener('data', cutOff)
  }

  /** Of somebody who has an answer to come the rest alone is refused: he has been told so. */
  #refuse(error: NodeJS.ErrnoException, socket: Socket): void {
    if (this.#ending.has(socket)) return
    const status = REFUSALS[error.code ?? ''] ?? '400 Bad Request'
    if (socket.writable) socket.write(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`)
    socket.destroy()
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { socket } = request
    // One request at a time: who sends more without waiting makes others wait. He is told so once, and what else
    // has come from him is not looked at.
    if (this.#busy.has(socket)) {
      if (this.#ending.has(socket)) return
      this.#ending.add(socket)
      socket.pause()
      response.setHeader('Connection', 'close')
      return send(response, 503, 'one request at a time\n')
    }
    this.#connections.delete(socket)
    if (!socket.destroyed) this.#connections.add(socket)
    this.#busy.add(socket)
    response.once('close', () => this.#busy.delete(socket))
    try {
      await this.#answer(request, response)
    } catch (error) {
      this.#options.warn(errorText(error))
      if (!response.headersSent) send(response, 503, 'the devices cannot be listed\n')
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = pathOf(request.url)
    if (path === undefined) return send(response, 400, 'this is no path\n')
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD')
      return send(response, 405, 'GET or HEAD\n')
    }
    const { pages } = this.#options
    const page = Object.hasOwn(pages, path) ? pages[path] : undefined
    if (!page) return send(response, path === '/' ? 200 : 404, directoryOf(pages))
    const { status = 200, contentType, body } = await page(limitOf(request))
    send(response, status, body, contentType)
  }
}

/** What there is, for who looks elsewhere. */
const directoryOf = (pages: PageServerOptions['pages']): string =>
  `there is ${Object.keys(pages).join(', ')}\n`

/** What is said to requests that are none; to all others: 400. */
const REFUSALS: Record<string, string | undefined> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
}

/**
 * Makes no request of what comes behind the first few: in 64 KiB there are 2,000, and Node would make and destroy
 * objects for each, up to a second, before anybody else has a turn.
 */
function cutOff(piece: Buffer): void {
  let end = 0
  for (let count = 0; count < MOST_AT_ONCE; count++) {
    const at = piece.indexOf('\r\n\r\n', end)
    if (at === -1) return
    end = at + 4
  }
  piece.fill(0, end)
}

/** Without what comes behind a question mark; `undefined` for what is no path. */
function pathOf(target = ''): string | undefined {
  const base = 'http://localhost'
  return URL.canParse(target, base) ? new URL(target, base).pathname : undefined
}

/** @source prometheus.io/docs, scrape protocol: the header has the scraper's timeout in seconds */
function limitOf({ headers }: IncomingMessage): number | undefined {
  const seconds = Number(headers['x-prometheus-scrape-timeout-seconds'])
  return seconds > 0 ? seconds * 1000 : undefined
}

function send(
  response: ServerResponse,
  status: number,
  body: string | Buffer,
  contentType = 'text/plain',
): void {
  const { socket } = response.req
  const timer = setTimeout(() => socket.destroy(), ANSWER_TIME).unref()
  response.once('close', () => clearTimeout(timer))
  const length = Buffer.byteLength(body)
  response.writeHead(status, { 'Content-Type': contentType, 'Content-Length': length }).end(body)
}
