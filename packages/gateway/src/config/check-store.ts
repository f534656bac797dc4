import { checkChoice, checkFields, type Fields, invalid, quoted } from '@wgctrl/types'
import { parseDuration } from './duration-text.js'
import type {
  HttpChangesConfig,
  HttpStoreConfig,
  NatsConfig,
  NatsStoreConfig,
  StoreConfig,
} from './gateway-config.js'
import { countOf, objectOf, pathOf, type Raw, textOf } from './raw.js'

/** More would be no other try, but a service that is asked without end. */
const MOST_RETRIES = 100

const FILE: Fields = { type: true, path: true }
const HTTP: Fields = {
  type: true,
  url: true,
  tokenFile: true,
  changes: { url: true, by: ['poll', 'events'], interval: true },
  refresh: true,
  timeout: true,
  retries: true,
  clearPresharedKeys: 'boolean',
  insecure: 'boolean',
}

/** The fields of how NATS is reached. */
export const CONNECTION: Fields = {
  servers: true,
  credentialsFile: true,
  tokenFile: true,
  tls: { caFile: true, certFile: true, keyFile: true },
  timeout: true,
}
const NATS: Fields = {
  ...CONNECTION,
  type: true,
  bucket: true,
  markers: true,
  clearPresharedKeys: 'boolean',
}

const STORES: Readonly<Record<string, (store: Raw, base: string) => StoreConfig>> = {
  file(store, base) {
    checkFields(store, 'store', FILE)
    return { type: 'file', path: pathOf(store['path'], 'store.path', base) }
  },
  http(store, base) {
    checkFields(store, 'store', HTTP)
    return httpStoreOf(store, base)
  },
  nats(store, base) {
    checkFields(store, 'store', NATS)
    return natsStoreOf(store, base)
  },
}

/** @throws {TypeError | RangeError | WireGuardError} `EINVAL`; `path` names the field */
export function checkStoreConfig(value: unknown, base: string): StoreConfig {
  const store = objectOf(value, 'store')
  checkChoice(store['type'], 'store.type', Object.keys(STORES))
  return (STORES[store['type'] as string] as (typeof STORES)[string])(store, base)
}

function httpStoreOf(store: Raw, base: string): HttpStoreConfig {
  const { tokenFile, changes, clearPresharedKeys = false, insecure = false } = store
  const url = urlOf(store['url'], 'store.url', insecure === true)
  if (!isSentWithKey(url)) {
    throw invalid('store.url', 'must have {key} where the key belongs, in its path or query')
  }
  return {
    type: 'http',
    url,
    ...(tokenFile !== undefined && { tokenFile: pathOf(tokenFile, 'store.tokenFile', base) }),
    ...(changes !== undefined && { changes: changesOf(changes, insecure === true) }),
    refresh: parseDuration(store['refresh'] ?? '30s', 'store.refresh', 100),
    timeout: parseDuration(store['timeout'] ?? '2s', 'store.timeout'),
    retries: countOf(store['retries'] ?? 1, 'store.retries', 0, MOST_RETRIES),
    clearPresharedKeys: clearPresharedKeys === true,
  }
}

/** A request has no fragment: each client would be asked for in the same words. */
function isSentWithKey(url: string): boolean {
  const key = 'k'.repeat(43)
  const { pathname, search } = new URL(url.replaceAll('{key}', key))
  return `${pathname}${search}`.includes(key)
}

function changesOf(value: unknown, isInsecure: boolean): HttpChangesConfig {
  const changes = objectOf(value, 'store.changes')
  const by = changes['by'] === 'events' ? 'events' : 'poll'
  const absent = by === 'events' ? '30s' : '500ms'
  return {
    url: urlOf(changes['url'], 'store.changes.url', isInsecure),
    by,
    interval: parseDuration(changes['interval'] ?? absent, 'store.changes.interval', 50),
  }
}

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/

/** Who may come in is nothing to ask for over a network without TLS, unless the config says that it is to be. */
function urlOf(value: unknown, path: string, isInsecure: boolean): string {
  const text = textOf(value, path)
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.username || url?.password) {
    throw invalid(path, 'must have no user and password: give a tokenFile')
  }
  if (url?.protocol === 'https:') return text
  if (url?.protocol === 'http:' && (isInsecure || LOOPBACK.test(url.hostname))) return text
  throw invalid(
    path,
    `must be a URL of https, or of http on this machine (or with "insecure": true), got ${quoted(text)}`,
  )
}

function natsStoreOf(store: Raw, base: string): NatsStoreConfig {
  return {
    type: 'nats',
    nats: natsOf(store, 'store', base),
    bucket: bucketOf(store['bucket'] ?? 'wireguard-clients', 'store.bucket'),
    markers: parseDuration(store['markers'] ?? '30m', 'store.markers'),
    clearPresharedKeys: store['clearPresharedKeys'] === true,
  }
}

/** @source docs.nats.io, key/value store: what a bucket's name may have */
export function bucketOf(value: unknown, path: string): string {
  const name = textOf(value, path)
  if (/^[\w-]{1,200}$/.test(name)) return name
  throw invalid(path, `must be of letters, digits, _ and -, got ${quoted(name)}`)
}

function serversOf(value: unknown, path: string): string[] {
  if (!Array.isArray(value)) return [serverOf(value, path)]
  if (value.length === 0) throw invalid(path, 'must name a server, or be absent')
  return value.map((server, at) => serverOf(server, `${path}[${at}]`))
}

const SERVER = /^(?:(?:nats|tls):\/\/)?(\[[\da-f:.]+\]|[^\s:/?#@[\]]+)(?::(\d{1,5}))?\/?$/i

/** A user or a password in it would not be sent: it is for files. */
function serverOf(value: unknown, path: string): string {
  const text = textOf(value, path)
  const [, host, port = '4222'] = SERVER.exec(text) ?? []
  const isPort = Number(port) >= 1 && Number(port) <= 65_535
  if (host !== undefined && isPort && URL.canParse(`http://${host}`)) return text
  throw invalid(path, `must be host:port or tls://host:port, got ${quoted(withoutSecret(text))}`)
}

/** What stands before an `@` may be a password. */
const withoutSecret = (server: string): string => server.replace(/^.*@/s, '…@')

/** How NATS is reached, as its fields stand in an object of the config. */
export function natsOf(raw: Raw, path: string, base: string): NatsConfig {
  const { servers: said = 'localhost:4222', credentialsFile, tokenFile } = raw
  const file = (value: unknown, field: string) => pathOf(value, `${path}.${field}`, base)
  const servers = serversOf(said, `${path}.servers`)
  // The packages of NATS pass over the scheme: without this a server could say that it has no TLS.
  const tls = raw['tls'] ?? (servers.some((server) => /^tls:/i.test(server)) ? {} : undefined)
  return {
    servers,
    ...(credentialsFile !== undefined && {
      credentialsFile: file(credentialsFile, 'credentialsFile'),
    }),
    ...(tokenFile !== undefined && { tokenFile: file(tokenFile, 'tokenFile') }),
    ...(tls !== undefined && {
      tls: Object.fromEntries(
        Object.entries(objectOf(tls, `${path}.tls`)).map(([name, value]) => [
          name,
          file(value, `tls.${name}`),
        ]),
      ),
    }),
    timeout: parseDuration(raw['timeout'] ?? '2s', `${path}.timeout`),
  }
}
