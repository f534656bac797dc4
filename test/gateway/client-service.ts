import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

interface Change {
  readonly publicKey: string
  readonly revision: number
  /** `null`: nobody any more. */
  readonly client: { readonly allowedIPs: readonly string[] } | null
}

/** A service that knows clients, as docs/gateway.md says what one has to answer. */
export class ClientService implements AsyncDisposable {
  readonly token = 'a-token'
  /** It hangs up on whoever asks, and on those who listen. */
  isAway = false
  readonly #server: Server
  readonly #changes: Change[] = []
  /** What came up to this revision it does not tell any more. */
  #forgotten = 0
  readonly #listeners = new Set<ServerResponse>()

  private constructor() {
    this.#server = createServer((request, response) => this.#answer(request, response))
  }

  static async open(): Promise<ClientService> {
    const service = new ClientService()
    service.#server.listen(0, '127.0.0.1')
    await once(service.#server, 'listening')
    return service
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** @returns the revision of the change */
  set(publicKey: string, allowedIPs: readonly string[] | null): number {
    const revision = this.#revision + 1
    const change = { publicKey, revision, client: allowedIPs && { allowedIPs } }
    this.#changes.push(change)
    for (const listener of this.#listeners) writeChange(listener, change)
    return revision
  }

  forgetChanges(): void {
    this.#forgotten = this.#revision
  }

  leave(): void {
    this.isAway = true
    for (const listener of this.#listeners) listener.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  get #revision(): number {
    return this.#changes.length
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(request.url ?? '', this.url)
    const { authorization, 'last-event-id': last } = request.headers
    if (this.isAway) request.socket.destroy()
    else if (authorization !== `Bearer ${this.token}`) json(response, 401, {})
    else if (pathname === '/events') this.#listen(response, Number(last))
    else if (pathname === '/changes') this.#tell(response, searchParams.get('since'))
    else this.#find(response, pathname.slice('/clients/'.length))
  }

  #find(response: ServerResponse, key: string): void {
    const publicKey = Buffer.from(key, 'base64url').toString('base64')
    const last = this.#changes.findLast((change) => change.publicKey === publicKey)
    if (last?.client) json(response, 200, { ...last.client, revision: last.revision })
    else json(response, 404, {})
  }

  #tell(response: ServerResponse, since: string | null): void {
    const isForgotten = since !== null && Number(since) < this.#forgotten
    const changes = this.#changes.slice(Number(since ?? this.#revision))
    json(response, isForgotten ? 410 : 200, { revision: this.#revision, changes })
  }

  #listen(response: ServerResponse, since: number): void {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const missed = Number.isNaN(since) ? [] : this.#changes.slice(since)
    for (const change of missed) writeChange(response, change)
    response.write(`event: current\nid: ${this.#revision}\n\n`)
    this.#listeners.add(response)
    response.on('close', () => this.#listeners.delete(response))
  }
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}

function writeChange(response: ServerResponse, change: Change): void {
  response.write(`event: change\nid: ${change.revision}\ndata: ${JSON.stringify(change)}\n\n`)
}
