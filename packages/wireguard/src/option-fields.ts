import {
  type CreateOptions,
  CALL_OPTIONS as call,
  CREATE_OPTIONS as create,
  type DeleteOptions,
  type FieldsOf,
  DELETE_OPTIONS as remove,
  WIREGUARD_DIALECTS,
} from '@wgctrl/types'
import type { AddressPoolOptions } from './addresses/address-pool.js'
import type { ClientCallOptions, DeviceOptions } from './client/options.js'
import type { ClientSide } from './client-config/peer-configs.js'
import type { ReadOptions } from './config-file/config-io.js'
import type { DeviceConfigOptions, UseOptions } from './config-file/device-config.js'
import type { FormatInterfaceOptions } from './config-file/interface-text.js'
import type { ParseOptions } from './config-file/parse.js'
import type { PeerFields } from './config-file/peer-section.js'
import type { ShowConfigOptions } from './config-file/show-config.js'
import type { WaitForHandshakeOptions } from './connection/wait-for-handshake.js'
import type { FreeNameOptions, FreePortOptions } from './free.js'
import type { HandshakeOptions } from './handshakes/handshakes.js'
import type { Rate } from './handshakes/rate-limit.js'
import type { OpenOptions } from './index.js'
import type { DownOptions } from './interface/down.js'
import type { EnsureOptions } from './interface/ensure.js'
import type { DnsConfig, Hooks, InterfaceConfig } from './interface/interface-config.js'
import type { NatConfig } from './interface/nat-config.js'
import type { ReconcileOptions } from './interface/reconcile.js'
import type { ReresolveOptions } from './interface/reresolve.js'
import type { UpOptions } from './interface/up.js'
import type { JustInTimeOptions } from './just-in-time/options.js'
import type { ResolveOptions } from './resolve.js'
import type { DescribeOptions } from './sync/describe.js'
import type { DiffOptions } from './sync/diff.js'
import type { SyncOptions, SyncPlace } from './sync/sync-device.js'
import type { KeepLedgerOptions } from './traffic/ledger-keeper.js'
import type { WatchField } from './watch/events.js'
import type { WatchOptions } from './watch/watcher.js'

/** Every field of every object that calls take: what is not here is refused by `checkFields`. */

/** Of sockets and files that others can write. */
const trust = ['refuse', 'allow']

const client: FieldsOf<ClientCallOptions> = { ...call, backend: true }

export const DEVICE_OPTIONS: FieldsOf<DeviceOptions> = {
  ...client,
  maxAge: true,
  secrets: 'boolean',
}
export const CLIENT_OPTIONS: FieldsOf<ClientCallOptions> = client
export const CREATE_OPTIONS: FieldsOf<CreateOptions & ClientCallOptions> = {
  ...client,
  ...create,
}
export const DELETE_OPTIONS: FieldsOf<DeleteOptions & ClientCallOptions> = {
  ...client,
  ...remove,
}
export const DIFF_OPTIONS: FieldsOf<DiffOptions> = { keep: true, interfaceIndex: 'function' }
const sync: FieldsOf<SyncOptions> = { ...call, ...DIFF_OPTIONS, dryRun: 'boolean' }
export const SYNC_OPTIONS: FieldsOf<SyncOptions & ClientCallOptions> = { ...sync, ...client }
export const SYNC_DEVICE_OPTIONS: FieldsOf<SyncOptions & SyncPlace> = {
  ...sync,
  netns: true,
  machine: true,
}

export const RESOLVE_OPTIONS: FieldsOf<ResolveOptions> = {
  lookup: 'function',
  retries: true,
  onRetry: 'function',
  onUnresolved: true,
}
export const OPEN_OPTIONS: FieldsOf<OpenOptions> = {
  dialect: WIREGUARD_DIALECTS,
  backends: true,
  netns: true,
  socketDir: true,
  unsafePermissions: trust,
  signal: true,
  resolve: RESOLVE_OPTIONS,
}

const hooks: FieldsOf<Hooks> = { preUp: true, postUp: true, preDown: true, postDown: true }
const dns: FieldsOf<DnsConfig> = { servers: true, search: true }
const nat: FieldsOf<NatConfig> = { to: true, networks: true, source: true }
/** The peers within are checked with the device. */
export const INTERFACE_FIELDS: FieldsOf<InterfaceConfig> = {
  name: true,
  addresses: true,
  dns,
  mtu: true,
  table: true,
  hooks,
  forward: 'boolean',
  nat,
  betweenClients: 'boolean',
  saveConfig: true,
  privateKey: true,
  listenPort: true,
  firewallMark: true,
  replacePeers: true,
  amnezia: true,
  extra: true,
  peers: true,
}

const application = {
  signal: true,
  timeout: true,
  firewall: ['auto', 'netlink', 'nft', 'iptables', 'off'],
  onStep: 'function',
  onWarning: 'function',
  onRetry: 'function',
} as const
const surroundings = {
  hooks: ['shell'],
  configFile: true,
  dns: ['auto', 'resolved', 'resolvconf', 'resolvectl', 'netns', 'off'],
} as const
export const UP_OPTIONS: FieldsOf<UpOptions> = {
  ...application,
  ...surroundings,
  backend: true,
  daemon: true,
  dryRun: 'boolean',
  socketNetns: true,
}
export const ENSURE_OPTIONS: FieldsOf<EnsureOptions> = { ...UP_OPTIONS, keepPeers: 'boolean' }
export const DOWN_OPTIONS: FieldsOf<DownOptions> = {
  ...application,
  ...surroundings,
  save: 'function',
}
export const RECONCILE_OPTIONS: FieldsOf<ReconcileOptions> = {
  ...application,
  dryRun: 'boolean',
  keepPeers: 'boolean',
}
export const RERESOLVE_OPTIONS: FieldsOf<ReresolveOptions> = {
  ...call,
  onRetry: 'function',
  olderThan: true,
}

export const WATCH_OPTIONS: FieldsOf<WatchOptions> = {
  interval: true,
  fields: true,
  initial: 'boolean',
  signal: true,
}
export const WATCH_FIELDS: readonly WatchField[] = [
  'privateKey',
  'listenPort',
  'firewallMark',
  'amnezia',
  'extra',
  'presharedKey',
  'persistentKeepalive',
  'allowedIPs',
  'protocolVersion',
  'endpoint',
  'handshake',
  'stale',
  'transfer',
]
const rate: FieldsOf<Rate> = { perSecond: true, burst: true }
export const HANDSHAKE_OPTIONS: FieldsOf<HandshakeOptions> = {
  signal: true,
  netns: true,
  interval: true,
  perSource: rate,
  overall: rate,
  sources: true,
  keys: true,
  queue: true,
}
export const JUST_IN_TIME_OPTIONS: FieldsOf<JustInTimeOptions> = {
  lookup: 'function',
  idle: true,
  maxPeers: true,
  pinned: true,
  known: 'function',
  negativeTtl: true,
  negativeSize: true,
  lookupTimeout: true,
  maxLookups: true,
  initiate: 'boolean',
  interval: true,
  netns: true,
  signal: true,
  onEvent: 'function',
}

export const PARSE_OPTIONS: FieldsOf<ParseOptions> = {
  dialect: ['wg', 'wg-quick', 'awg', 'awg-quick'],
  unknownKeys: ['keep', 'refuse'],
  mistakes: ['keep', 'refuse'],
}
export const READ_OPTIONS: FieldsOf<ReadOptions> = {
  ...PARSE_OPTIONS,
  unsafePermissions: trust,
}
export const USE_OPTIONS: FieldsOf<UseOptions> = {
  conflicts: ['refuse', 'last-wins'],
  unknownKeys: ['refuse', 'ignore'],
}
export const DEVICE_CONFIG_OPTIONS: FieldsOf<DeviceConfigOptions> = {
  ...USE_OPTIONS,
  mode: ['setconf', 'addconf', 'syncconf'],
  ownKey: true,
}

export const FORMAT_INTERFACE_OPTIONS: FieldsOf<FormatInterfaceOptions> = {
  header: true,
  peerName: 'function',
}
export const SHOW_CONFIG_OPTIONS: FieldsOf<ShowConfigOptions> = { interfaceName: 'function' }
export const DESCRIBE_OPTIONS: FieldsOf<DescribeOptions> = { peerName: 'function' }

/** Of a peer in a config file. */
export const PEER_FIELDS: FieldsOf<PeerFields> = {
  publicKey: true,
  presharedKey: true,
  endpoint: true,
  persistentKeepalive: true,
  persistentKeepaliveRange: true,
  allowedIPs: true,
  name: true,
}

export const ADDRESS_POOL_OPTIONS: FieldsOf<AddressPoolOptions> = { used: true, reserve: true }
export const PEER_CONFIGS_CLIENT: FieldsOf<ClientSide> = {
  name: true,
  addresses: true,
  endpoint: true,
  privateKey: true,
  publicKey: true,
  presharedKey: true,
  allowedIPs: true,
  networks: true,
  dns,
  mtu: true,
  persistentKeepalive: true,
}

export const WAIT_FOR_HANDSHAKE_OPTIONS: FieldsOf<WaitForHandshakeOptions> = {
  ...call,
  after: true,
}
export const KEEP_LEDGER_OPTIONS: FieldsOf<KeepLedgerOptions> = {
  device: true,
  interval: true,
  signal: true,
  onError: 'function',
}

export const FREE_NAME_OPTIONS: FieldsOf<FreeNameOptions> = { prefix: true }
export const FREE_PORT_OPTIONS: FieldsOf<FreePortOptions> = { from: true }
