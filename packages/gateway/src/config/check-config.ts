import { dirname, resolve } from 'node:path'
import {
  checkFields,
  checkInterfaceName,
  type Fields,
  InvalidTypeError,
  parseCidr,
  parseListenAddress,
  WIREGUARD_DIALECTS,
} from '@wgctrl/types'
import { checkNatConfig, type NatConfig } from 'wgctrl'
import { checkFleetConfig } from './check-fleet.js'
import { checkStoreConfig } from './check-store.js'
import { parseDuration } from './duration-text.js'
import type { CacheConfig, GatewayConfig } from './gateway-config.js'
import { countOf, objectOf, pathOf, type Raw, textOf } from './raw.js'

/** What two tables hold, with room to spare. @source V8: a Map takes 2 to the 24th entries */
const MOST_ANSWERS = 10_000_000

const CONFIG: Fields = {
  interface: {
    file: true,
    dialect: WIREGUARD_DIALECTS,
    backend: ['linux-kernel', 'userspace'],
    forward: 'boolean',
    nat: { to: true, networks: true, source: true },
    betweenClients: 'boolean',
  },
  store: true,
  sealKeyFile: true,
  networks: true,
  maxPeers: true,
  idle: true,
  negativeTtl: true,
  lookupTimeout: true,
  maxLookups: true,
  cache: { size: true, maxAge: true, patience: true },
  fleet: true,
  listen: true,
  log: ['text', 'json'],
}

/**
 * Checks what a config file says and completes it.
 *
 * @param path of the file: what it names is relative to its folder
 * @throws {TypeError | RangeError | WireGuardError} `EINVAL`; `path` names the field
 */
export function checkGatewayConfig(value: unknown, path: string): GatewayConfig {
  checkFields(value, 'config', CONFIG, '')
  const raw = value as Raw
  const base = dirname(resolve(textOf(path, 'path')))
  const { sealKeyFile, maxPeers, networks, fleet, listen, log = 'text' } = raw
  const store = checkStoreConfig(raw['store'], base)
  return {
    interface: interfaceOf(raw['interface'], base),
    store,
    ...(sealKeyFile !== undefined && { sealKeyFile: pathOf(sealKeyFile, 'sealKeyFile', base) }),
    ...(networks !== undefined && { networks: networksOf(networks) }),
    ...(maxPeers !== undefined && { maxPeers: countOf(maxPeers, 'maxPeers', 1) }),
    idle: durationOf(raw, 'idle', '5m', 1000),
    negativeTtl: durationOf(raw, 'negativeTtl', '30s', 0),
    lookupTimeout: durationOf(raw, 'lookupTimeout', '5s'),
    maxLookups: countOf(raw['maxLookups'] ?? 256, 'maxLookups', 1),
    cache: cacheOf(raw['cache'] ?? {}),
    ...(fleet !== undefined && { fleet: checkFleetConfig(fleet, store, base) }),
    ...(listen !== undefined && { listen: listenOf(listen) }),
    log: log as 'text' | 'json',
  }
}

function interfaceOf(value: unknown, base: string): GatewayConfig['interface'] {
  const { file, ...settings } = objectOf(value, 'interface')
  const path = pathOf(file, 'interface.file', base)
  const name = interfaceName(path)
  checkInterfaceName(name, 'interface.file')
  const { nat } = settings as { nat?: NatConfig }
  if (nat !== undefined) checkNatConfig(nat, 'interface.nat', name)
  return { ...(settings as Partial<GatewayConfig['interface']>), file: path }
}

/** The interface that a file is for, which is named as wg-quick(8) wants it. */
export function interfaceName(file: string): string {
  const [, name] = /([^/]*)\.conf$/.exec(file) ?? []
  if (name !== undefined) return name
  throw new InvalidTypeError('interface.file', 'must be named for the interface, as wg0.conf')
}

function cacheOf(value: unknown): CacheConfig {
  const cache = objectOf(value, 'cache')
  return {
    size: countOf(cache['size'] ?? 100_000, 'cache.size', 0, MOST_ANSWERS),
    maxAge: parseDuration(cache['maxAge'] ?? '1d', 'cache.maxAge'),
    patience: parseDuration(cache['patience'] ?? '300ms', 'cache.patience'),
  }
}

function listenOf(value: unknown): string {
  const text = textOf(value, 'listen')
  parseListenAddress(text)
  return text
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
