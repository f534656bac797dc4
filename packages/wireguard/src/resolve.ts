import type { LookupAddress } from 'node:dns'
import { lookup as systemLookup } from 'node:dns/promises'
import {
  abortable,
  checkAtLeast,
  checkChoice,
  checkFields,
  type DeviceConfig,
  type Endpoint,
  isNamed,
  type NamedEndpoint,
  type PeerConfig,
  parseEndpoint,
  refuseAborted,
  runInTurns,
  StepBudget,
  type Steps,
  WireGuardError,
} from '@wgctrl/types'
import { RESOLVE_OPTIONS } from './option-fields.js'

/** Finds the addresses of a host, best first. */
export type Lookup = (host: string) => Promise<Pick<LookupAddress, 'address'>[]>

/** As getaddrinfo(3) orders them (RFC 6724), both families. */
const lookupAll: Lookup = (host) => systemLookup(host, { all: true, order: 'verbatim' })

/** As wg(8) waits: a second, and each time a fifth longer, up to 20 seconds. */
const FIRST_DELAY = 1000
const DELAY_GROWTH = 1.2
const LONGEST_DELAY = 20_000

/** As wg(8) has it, and its variable. @source wg(8), WG_ENDPOINT_RESOLUTION_RETRIES */
const DEFAULT_RETRIES = 15

export interface ResolveOptions {
  /** Absent: the system's resolver. */
  readonly lookup?: Lookup | undefined
  /**
   * How often a name server that does not answer is asked again, at growing intervals from one
   * second. Absent: `WG_ENDPOINT_RESOLUTION_RETRIES` of the environment, else 15. A host that does not
   * exist is not asked for again.
   */
  readonly retries?: number | undefined
  /**
   * Told of each failure after which the host will be looked up again, and waited for; what it throws or rejects
   * with ends the look-up. Absent: nobody is.
   */
  readonly onRetry?: ((retry: LookupRetry) => unknown) | undefined
  /**
   * What becomes of a call when a name cannot be resolved. `throw`, and absent: it fails. `skip`: the peers with that
   * name are configured without it, so that they keep the endpoint that they have; so they are when a function is
   * given, which is told why, and ends the call by throwing or rejecting.
   */
  readonly onUnresolved?: 'throw' | 'skip' | ((error: WireGuardError) => unknown) | undefined
}

/** A name server did not answer. */
export interface LookupRetry {
  readonly host: string
  /** The first endpoint with this host, as the config has it. */
  readonly endpoint: string
  /** Milliseconds until the host is looked up again. */
  readonly delay: number
  readonly error: NodeJS.ErrnoException
}

/** What could be resolved of a config. */
export interface ResolvedSome {
  /** Every endpoint an address, or absent where its name has none. */
  readonly config: DeviceConfig
  /** One for each name without an address; `path` is the first endpoint with it. */
  readonly errors: readonly WireGuardError[]
}

/** Turns the names in the endpoints of a config into addresses. */
export class EndpointResolver {
  readonly #lookup: Lookup
  readonly #retries: number
  readonly #onRetry: ResolveOptions['onRetry']
  readonly #onUnresolved: ResolveOptions['onUnresolved']

  constructor(options: ResolveOptions = {}) {
    checkFields(options, 'options.resolve', RESOLVE_OPTIONS)
    this.#lookup = options.lookup ?? lookupAll
    const { retries = environmentRetries() } = options
    this.#retries = checkAtLeast(0, retries, 'options.resolve.retries')
    this.#onRetry = options.onRetry
    this.#onUnresolved = options.onUnresolved
    checkUnresolved(options.onUnresolved)
  }

  /**
   * The same config with every endpoint an address; what is no name is left for the backend to check.
   * Each host is looked up once. The first that cannot be resolved ends the search for the others.
   *
   * @param onRetry told as well as that of the options
   * @throws {WireGuardError} `ENOTFOUND`: there is no such name; `EAI_AGAIN`: no name server answered, in as many
   *   tries or in time; `path` names the endpoint
   */
  async resolve(
    config: DeviceConfig,
    signal: AbortSignal,
    onRetry?: ResolveOptions['onRetry'],
  ): Promise<DeviceConfig> {
    const hosts = await runInTurns(namedHosts(config))
    if (hosts.size === 0) return config
    const failed = new AbortController()
    const either = AbortSignal.any([signal, failed.signal])
    try {
      const searches = Array.from(hosts.values(), async (name): Promise<Found> => {
        return [name.host, await this.#findOrSkip(name, either, onRetry)]
      })
      const found = new Map(await Promise.all(searches))
      return await runInTurns(withAddresses(config, found))
    } catch (error) {
      failed.abort(error)
      throw error
    }
  }

  /**
   * The same for a caller that goes on without what has no address, whatever `onUnresolved` says.
   *
   * @returns those peers without an endpoint, and what {@link resolve} would have thrown for each host
   * @throws what `signal` was aborted with
   */
  async resolveSome(
    config: DeviceConfig,
    signal: AbortSignal,
    onRetry?: ResolveOptions['onRetry'],
  ): Promise<ResolvedSome> {
    const hosts = await runInTurns(namedHosts(config))
    const errors: WireGuardError[] = []
    const searches = Array.from(hosts.values(), async (name): Promise<Found> => {
      const search = this.#find(name, signal, onRetry)
      return [name.host, await search.catch((error) => void errors.push(ofName(error, signal)))]
    })
    const found = new Map(await Promise.all(searches))
    return { config: await runInTurns(withAddresses(config, found)), errors }
  }

  /** @returns `undefined`: there is none, and the call goes on without it */
  async #findOrSkip(
    name: HostName,
    signal: AbortSignal,
    onRetry: ResolveOptions['onRetry'],
  ): Promise<string | undefined> {
    try {
      return await this.#find(name, signal, onRetry)
    } catch (error) {
      const told = this.#onUnresolved
      const isSkipped = told !== undefined && told !== 'throw' && !signal.aborted
      if (!isSkipped || !(error instanceof WireGuardError)) throw error
      if (typeof told === 'function') await told(error)
      return undefined
    }
  }

  async #find(
    name: HostName,
    signal: AbortSignal,
    onRetry: ResolveOptions['onRetry'],
  ): Promise<string> {
    try {
      return await this.#search(name, signal, onRetry)
    } catch (error) {
      throw unresolved(name, error)
    }
  }

  async #search(
    { host, endpoint }: HostName,
    signal: AbortSignal,
    onRetry: ResolveOptions['onRetry'],
  ): Promise<string> {
    for (let delay = FIRST_DELAY, tries = 0; ; delay *= DELAY_GROWTH, tries++) {
      refuseAborted(signal)
      try {
        const [first] = await abortable(this.#lookup(host), signal)
        if (first) return first.address
        throw Object.assign(new Error(`no address for ${host}`), { code: 'ENOTFOUND' })
      } catch (error) {
        const isPassing = (error as NodeJS.ErrnoException).code === NO_ANSWER
        if (!isPassing || signal.aborted || tries >= this.#retries) throw error
        const again = { host, endpoint, delay: Math.min(delay, LONGEST_DELAY) }
        const retry = { ...again, error: error as NodeJS.ErrnoException }
        await this.#onRetry?.(retry)
        await onRetry?.(retry)
      }
      await sleep(Math.min(delay, LONGEST_DELAY), signal)
    }
  }
}

function sleep(delay: number, signal: AbortSignal): Promise<void> {
  let timer: NodeJS.Timeout
  const elapsed = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, delay)
  })
  return abortable(elapsed, signal).finally(() => clearTimeout(timer))
}

/** True when some endpoint has a name for its host. At once, also for a large config. */
export function hasNames(config: DeviceConfig): boolean {
  return peersOf(config).some((peer) => nameIn(peer) !== undefined)
}

/** Stands for an address that a name has yet to give: one of those for documentation (RFC 5737). */
export const PLACEHOLDER = '192.0.2.1'

/**
 * The same config with `address` in the place of every name: all but the names can be checked with it.
 * Itself, when there is no name.
 */
export async function withPlaceholders(
  config: DeviceConfig,
  address: string,
): Promise<DeviceConfig> {
  const hosts = await runInTurns(namedHosts(config))
  if (hosts.size === 0) return config
  const found = new Map(Array.from(hosts.keys(), (host) => [host, address]))
  return await runInTurns(withAddresses(config, found))
}

function peersOf(config: DeviceConfig): readonly PeerConfig[] {
  return Array.isArray(config?.peers) ? config.peers : []
}

/** A host, and its address if there is one. */
type Found = [string, string | undefined]

function checkUnresolved(choice: ResolveOptions['onUnresolved']): void {
  if (choice === undefined || typeof choice === 'function') return
  checkChoice(choice, 'options.resolve.onUnresolved', ['throw', 'skip'])
}

/** To look at an endpoint is a tenth of the work that a peer is otherwise. */
const GLANCE = 0.1

/** A host that has to be looked up. */
interface HostName {
  readonly host: string
  /** The first endpoint that names it, and where that stands. */
  readonly endpoint: string
  readonly path: string
}

function* namedHosts(config: DeviceConfig): Steps<Map<string, HostName>> {
  const hosts = new Map<string, HostName>()
  const budget = new StepBudget()
  for (const [index, peer] of peersOf(config).entries()) {
    const host = nameIn(peer)?.host
    if (host !== undefined && !hosts.has(host)) {
      const path = `peers[${index}].endpoint`
      hosts.set(host, { host, endpoint: peer.endpoint as string, path })
    }
    if (budget.spend(GLANCE)) yield
  }
  return hosts
}

function* withAddresses(
  config: DeviceConfig,
  found: ReadonlyMap<string, string | undefined>,
): Steps<DeviceConfig> {
  const peers: PeerConfig[] = []
  const budget = new StepBudget()
  for (const peer of peersOf(config)) {
    peers.push(withAddress(peer, found))
    if (budget.spend(GLANCE)) yield
  }
  return { ...config, peers }
}

function withAddress(peer: PeerConfig, found: ReadonlyMap<string, string | undefined>): PeerConfig {
  const named = nameIn(peer)
  if (!named || !found.has(named.host)) return peer
  const address = found.get(named.host)
  if (address === undefined) {
    const { endpoint: _, ...rest } = peer
    return rest
  }
  return { ...peer, endpoint: parseEndpoint(bracketed(address, named.port)) as Endpoint }
}

const [BRACKET, COLON, DOT] = [91, 58, 46]

/** Most endpoints are told apart from names at a glance: by a bracket, or digits and dots up to a colon. */
function isPlainAddress(endpoint: string): boolean {
  if (endpoint.charCodeAt(0) === BRACKET) return true
  for (let at = 0; at < endpoint.length; at++) {
    const code = endpoint.charCodeAt(at)
    if (code === COLON) return true
    if (code !== DOT && (code < 48 || code > 57)) return false
  }
  return false
}

function nameIn(peer: PeerConfig): NamedEndpoint | undefined {
  const endpoint = peer?.endpoint
  if (typeof endpoint !== 'string' || isPlainAddress(endpoint)) return undefined
  try {
    const parsed = parseEndpoint(endpoint)
    return isNamed(parsed) ? parsed : undefined
  } catch {
    return undefined
  }
}

function bracketed(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

/** An abort is not a name's failure. */
function ofName(error: unknown, signal: AbortSignal): WireGuardError {
  if (error instanceof WireGuardError && !signal.aborted) return error
  throw error
}

const NO_ANSWER = 'EAI_AGAIN'

/** An abort is the caller's own; running out of time is a name server's failure, and not the device's. */
function unresolved({ host, path }: HostName, cause: unknown): unknown {
  const { code: found = 'ENOTFOUND', message } = cause as NodeJS.ErrnoException
  if (found === 'ABORT_ERR') return cause
  const code = found === 'ETIMEDOUT' ? NO_ANSWER : found
  const reason = code === 'ENOTFOUND' ? 'there is no such name' : message
  const why =
    code === NO_ANSWER ? `no name server answered${found === code ? '' : ' in time'}` : reason
  return new WireGuardError(`${path}: cannot resolve ${host}: ${why}`, { code, path, cause })
}

function environmentRetries(): number {
  const text = process.env.WG_ENDPOINT_RESOLUTION_RETRIES
  if (text === 'infinity') return Number.POSITIVE_INFINITY
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : DEFAULT_RETRIES
}
