import { dirname, resolve } from 'node:path'
import {
  checkChoice,
  checkFields,
  checkInterfaceName,
  type Fields,
  InvalidRangeError,
  InvalidTypeError,
  parseCidr,
} from '@wgctrl/types'
import { parseDuration } from './duration-text.js'
import type { CacheConfig, GatewayConfig, StoreConfig } from './gateway-config.js'

const CONFIG: Fields = {
  interface: {
    file: true,
    backend: ['linux-kernel', 'userspace'],
    forward: 'boolean',
    nat: { to: true, networks: true, source: true },
    betweenClients: 'boolean',
  },
  store: true,
  networks: true,
  maxPeers: true,
  idle: true,
  negativeTtl: true,
  lookupTimeout: true,
  maxLookups: true,
  cache: { size: true, maxAge: true, patience: true },
  listen: true,
  log: ['text', 'json'],
}

const STORES: Readonly<Record<string, (store: Raw, base: string) => StoreConfig>> = {
  file: (store, base) => {
    checkFields(store, 'store', { type: true, path: true })
    return { type: 'file', path: pathOf(store['path'], 'store.path', base) }
  },
}

type Raw = Readonly<Record<string, unknown>>

/**
 * Checks what a config file says and completes it.
 *
 * @param path of the file: what it names is relative to its folder
 * @throws {TypeError | RangeError | WireGuardError} `EINVAL`; `path` names the field
 */
export function checkGatewayConfig(value: unknown, path: string): GatewayConfig {
  checkFields(value, 'config', CONFIG, '')
  const raw = value as Raw
  const base = dirname(resolve(path))
  const { maxPeers, networks, listen, log = 'text' } = raw
  return {
    interface: interfaceOf(raw['interface'], base),
    store: storeOf(raw['store'], base),
    ...(networks !== undefined && { networks: networksOf(networks) }),
    ...(maxPeers !== undefined && { maxPeers: countOf(maxPeers, 'maxPeers', 1) }),
    idle: durationOf(raw, 'idle', '5m', 1000),
    negativeTtl: durationOf(raw, 'negativeTtl', '30s', 0),
    lookupTimeout: durationOf(raw, 'lookupTimeout', '5s'),
    maxLookups: countOf(raw['maxLookups'] ?? 256, 'maxLookups', 1),
    cache: cacheOf(raw['cache'] ?? {}),
    ...(listen !== undefined && { listen: textOf(listen, 'listen') }),
    log: log as 'text' | 'json',
  }
}

function interfaceOf(value: unknown, base: string): GatewayConfig['interface'] {
  const { file, ...settings } = objectOf(value, 'interface')
  const path = pathOf(file, 'interface.file', base)
  checkInterfaceName(interfaceName(path), 'interface.file')
  return { ...(settings as Partial<GatewayConfig['interface']>), file: path }
}

/** The interface that a file is for, which is named as wg-quick(8) wants it. */
export function interfaceName(file: string): string {
  const [, name] = /([^/]*)\.conf$/.exec(file) ?? []
  if (name !== undefined) return name
  throw new InvalidTypeError('interface.file', 'must be named for the interface, as wg0.conf')
}

function storeOf(value: unknown, base: string): StoreConfig {
  const store = objectOf(value, 'store')
  checkChoice(store['type'], 'store.type', Object.keys(STORES))
  return (STORES[store['type'] as string] as (typeof STORES)[string])(store, base)
}

function cacheOf(value: unknown): CacheConfig {
  const cache = objectOf(value, 'cache')
  return {
    size: countOf(cache['size'] ?? 100_000, 'cache.size', 0),
    maxAge: parseDuration(cache['maxAge'] ?? '1d', 'cache.maxAge'),
    patience: parseDuration(cache['patience'] ?? '300ms', 'cache.patience'),
  }
}

function networksOf(value: unknown): string[] {
  if (!Array.isArray(value)) throw new InvalidTypeError('networks', 'must be a list of networks')
  return value.map((network, at) => {
    parseCidr(textOf(network, `networks[${at}]`), `networks[${at}]`)
    return network
  })
}

const durationOf = (raw: Raw, field: string, absent: string, least?: number): number =>
  parseDuration(raw[field] ?? absent, field, least)

function objectOf(value: unknown, path: string): Raw {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Raw
  throw new InvalidTypeError(path, 'must be an object')
}

function countOf(value: unknown, path: string, least: number): number {
  if (typeof value !== 'number') throw new InvalidTypeError(path, 'must be a number')
  if (Number.isSafeInteger(value) && value >= least) return value
  throw new InvalidRangeError(path, `must be a whole number of at least ${least}, got ${value}`)
}

function textOf(value: unknown, path: string): string {
  if (typeof value === 'string' && value !== '') return value
  throw new InvalidTypeError(path, 'must be a text')
}

function pathOf(value: unknown, path: string, base: string): string {
  return resolve(base, textOf(value, path))
}
