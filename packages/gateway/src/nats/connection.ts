import type { NatsConnection, NodeConnectionOptions } from '@nats-io/transport-node'
import { abortable, reasonWithin, slept, WireGuardError } from '@wgctrl/types'
import type { NatsConfig } from '../config/gateway-config.js'
import { readTrusted, readTrustedBytes } from '../files/trusted-text.js'
import { type Credentials, readCredentials } from './credentials.js'
import { loadNats, type NatsPackages } from './packages.js'

/** Milliseconds between signs of life: a network that is cut says nothing by itself. */
const PING = 1000

/** How many may be without an answer. */
const MOST_PINGS = 2

/** Milliseconds between tries to connect, with as much again by chance. */
const RETRY = 250

/** A connection to NATS that is made when a server is there, and made again when it was lost. */
export class NatsLink {
  readonly packages: NatsPackages
  readonly #options: NodeConnectionOptions
  readonly #credentials: Credentials | undefined
  readonly #closed = new AbortController()
  readonly #dialling: Promise<void>
  readonly #tried: Promise<void>
  #isTried = (): void => {}
  #connection: NatsConnection | undefined
  #isUp = false
  /** Why there was none at the last try. */
  #reason: unknown
  readonly #losers = new Set<(error: WireGuardError) => void>()
  readonly #winners = new Set<() => void>()

  private constructor(
    packages: NatsPackages,
    options: NodeConnectionOptions,
    credentials: Credentials | undefined,
  ) {
    this.packages = packages
    this.#options = options
    this.#credentials = credentials
    this.#tried = new Promise((resolve) => {
      this.#isTried = resolve
    })
    this.#dialling = this.#dial().finally(() => this.#isTried())
  }

  /**
   * Begins to connect. A server that is not there is tried again and again.
   *
   * @throws {WireGuardError} `EUNSUPPORTED` without the packages; what its files are refused for
   */
  static async open(config: NatsConfig, name: string): Promise<NatsLink> {
    const packages = await loadNats()
    const { credentialsFile } = config
    const secrets = await secretsOf(config)
    const credentials = credentialsFile ? await readCredentials(credentialsFile) : undefined
    const options: NodeConnectionOptions = {
      ...secrets,
      ...(credentials && {
        authenticator: packages.transport.jwtAuthenticator(credentials.jwt, credentials.seed),
      }),
      servers: [...config.servers],
      name,
      timeout: config.timeout,
      maxReconnectAttempts: -1,
      ignoreAuthErrorAbort: true,
      reconnectTimeWait: RETRY,
      reconnectJitter: RETRY,
      reconnectJitterTLS: RETRY,
      pingInterval: PING,
      maxPingOut: MOST_PINGS,
    }
    return new NatsLink(packages, options, credentials)
  }

  /** Waits for the first try alone. @throws {WireGuardError} `EAGAIN` while there is none */
  async connection(signal: AbortSignal): Promise<NatsConnection> {
    await abortable(this.#tried, signal)
    if (this.#connection && this.#isUp) return this.#connection
    throw lost(this.#reason)
  }

  /**
   * @param listener told when the connection is lost
   * @returns ends the listening
   */
  onLost(listener: (error: WireGuardError) => void): () => void {
    this.#losers.add(listener)
    return () => this.#losers.delete(listener)
  }

  /**
   * Waits for the next connection that comes about, at most so many milliseconds.
   *
   * @returns whether one did
   */
  async next(most: number, signal: AbortSignal): Promise<boolean> {
    const ended = new AbortController()
    const end = (): void => ended.abort()
    let isWon = false
    const win = (): void => {
      isWon = true
      end()
    }
    this.#winners.add(win)
    signal.addEventListener('abort', end, { once: true })
    try {
      if (!signal.aborted) await slept(most, ended.signal)
      return isWon
    } finally {
      this.#winners.delete(win)
      signal.removeEventListener('abort', end)
    }
  }

  async close(): Promise<void> {
    this.#closed.abort()
    await this.#dialling
    await this.#connection?.close()
    this.#credentials?.wipe()
  }

  /** Until there is a connection; from then on it makes itself anew. */
  async #dial(): Promise<void> {
    const { signal } = this.#closed
    do {
      try {
        this.#connection = await this.packages.transport.connect(this.#options)
      } catch (error) {
        this.#reason = error
      }
      if (this.#connection) break
      this.#isTried()
    } while (await slept(RETRY * (1 + Math.random()), signal))
    if (!this.#connection) return
    this.#win()
    void this.#follow(this.#connection)
  }

  async #follow(connection: NatsConnection): Promise<void> {
    for await (const { type } of connection.status()) {
      if (type === 'reconnect') this.#win()
      if (type === 'disconnect' || type === 'staleConnection' || type === 'close') this.#lose()
    }
    this.#lose()
  }

  #win(): void {
    this.#isUp = true
    for (const listener of [...this.#winners]) listener()
  }

  #lose(): void {
    this.#isUp = false
    this.#reason = undefined
    for (const listener of [...this.#losers]) listener(lost(undefined))
  }
}

function lost(reason: unknown): WireGuardError {
  const why = reason === undefined ? 'the connection is lost' : reasonWithin(reason)
  return new WireGuardError(`NATS cannot be reached: ${why}`, { code: 'EAGAIN', cause: reason })
}

/** What the packages of NATS take as strings or read themselves. */
async function secretsOf({
  tokenFile,
  tls,
}: NatsConfig): Promise<Pick<NodeConnectionOptions, 'token' | 'tls'>> {
  const token = tokenFile && (await readTrusted(tokenFile)).text.trim()
  // They read them for each connection, so that certificates can be renewed; but not who may write them.
  for (const file of Object.values(tls ?? {})) (await readTrustedBytes(file)).bytes.fill(0)
  return { ...(token && { token }), ...(tls && { tls }) }
}
