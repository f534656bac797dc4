import type { Server } from 'node:net'
import type { Duplex } from 'node:stream'
import { checkFields } from '@wgctrl/types'
import { WireGuard } from './client.js'
import { type DetectOptions, detectBackends } from './detect.js'
import { OPEN_OPTIONS } from './option-fields.js'
import type { ConnectOptions } from './remote/connect.js'
import type { RemoteWireGuard } from './remote/remote-client.js'
import type { RemoteServer, ServeOptions } from './remote/server.js'
import { EndpointResolver, type ResolveOptions } from './resolve.js'

export {
  type DatagramBatch,
  KernelBackend,
  type KernelBackendOptions,
  type Namespace,
  type PeerCredentials,
  type Transport,
} from '@wgctrl/netlink'
export type {
  AllowedIPChange,
  AmneziaConfig,
  AmneziaName,
  AmneziaParameters,
  AmneziaValue,
  Backend,
  CallOptions,
  Capabilities,
  CheckedAllowedIP,
  CheckedAmnezia,
  CheckedConfig,
  CheckedExtra,
  CheckedPeer,
  Cidr,
  ComparedDevice,
  ConfigureOptions,
  CreateOptions,
  DeleteOptions,
  Device,
  DeviceActivity,
  DeviceConfig,
  DeviceKind,
  Endpoint,
  ErrorCode,
  ErrorDetails,
  ErrorRecord,
  ExpectedPeers,
  ExtendedAck,
  ExtraKeys,
  Family,
  IpAddress,
  KeyInput,
  NamedEndpoint,
  NumberRange,
  Peer,
  PeerActivity,
  PeerConfig,
  PeerIterator,
  PublicKey,
  Steps,
  UnsafePermissions,
  WireGuardDialect,
} from '@wgctrl/types'
export {
  AbortError,
  checkConfig,
  checkInterfaceName,
  formatCidr,
  formatEndpoint,
  generatePresharedKey,
  generatePrivateKey,
  InvalidRangeError,
  InvalidTypeError,
  isInterfaceName,
  isNamed,
  isPublicKey,
  parseCidr,
  parseEndpoint,
  parsePublicKey,
  publicKey,
  SecretKey,
  WireGuardError,
} from '@wgctrl/types'
export { UserspaceBackend, type UserspaceOptions } from '@wgctrl/uapi'
export * from './addresses/index.js'
export type { BackendStatus } from './backends.js'
export type { ClientCallOptions, DeviceOptions } from './client/options.js'
export { WireGuard } from './client.js'
export * from './client-config/index.js'
export * from './config-file/index.js'
export * from './connection/index.js'
export type { DetectOptions } from './detect.js'
export type { DeviceList } from './device-list.js'
export type { EventIterator } from './event-iterator.js'
export type { FreeNameOptions, FreePortOptions } from './free.js'
export type { HandshakeCounters } from './handshakes/counters.js'
export type { HandshakeOptions, Handshakes, Initiation } from './handshakes/handshakes.js'
export type { Rate } from './handshakes/rate-limit.js'
export * from './interface/index.js'
export type { ChangedPeers, JustInTime } from './just-in-time/just-in-time.js'
export type {
  FoundPeer,
  JustInTimeCounters,
  JustInTimeEvent,
  JustInTimeOptions,
  PeerLookup,
} from './just-in-time/options.js'
export { lastWins } from './last-wins.js'
export type { RemoteAllow, RemoteRight } from './remote/rights.js'
export type { RemotePeer, ServeEvent } from './remote/server.js'
export {
  EndpointResolver,
  type Lookup,
  type LookupRetry,
  type ResolvedSome,
  type ResolveOptions,
} from './resolve.js'
export * from './sync/index.js'
export { toConfig } from './to-config.js'
export * from './traffic/index.js'
export type {
  DeviceEvent,
  DeviceField,
  OfDevice,
  OfPeer,
  PeerField,
  WatchEvent,
  WatchField,
} from './watch/events.js'
export type { Watcher, WatchOptions } from './watch/watcher.js'

export type {
  Gateway,
  HandshakeStream,
  Keeper,
  Living,
  PublicOf,
  WatchStream,
  WireGuardClient,
} from './wire-guard-client.js'
export type { ConnectOptions, RemoteServer, RemoteWireGuard, ServeOptions }

export interface OpenOptions extends DetectOptions {
  /** How host names in endpoints are looked up. */
  readonly resolve?: ResolveOptions | undefined
}

/**
 * Finds out what this machine has and opens it.
 *
 * @throws {WireGuardError} `ENOBACKEND` when nothing here speaks WireGuard; `EPERM`, or another code, when
 *   what speaks it may not or cannot be used. It says what was tried
 * @example
 * ```ts
 * const wg = await open()
 * for (const device of await wg.devices()) console.log(device.name, device.kind)
 * await wg.close()
 * ```
 */
export async function open(options: OpenOptions = {}): Promise<WireGuard> {
  checkFields(options, 'options', OPEN_OPTIONS)
  const backends = await detectBackends(options)
  const lookup = backends.machine?.lookUp
  const resolver = new EndpointResolver({ ...(lookup && { lookup }), ...options.resolve })
  return new WireGuard(backends, resolver, options)
}

/**
 * Lets other processes use a client of this one: a program without privileges through a UNIX socket, another machine
 * through ssh, a child through a pipe. What they may do, says `allow`; the least when it says nothing.
 *
 * @param where the path of a socket to make, a `net.Server` that listens already (on a UNIX socket, as one that systemd
 *   hands over), or a stream for one client
 * @returns serves until it is closed. `wg` stays the caller's
 * @throws {TypeError | WireGuardError} `EINVAL` with `path`; `EADDRINUSE` when somebody listens there; `EUNSUPPORTED`
 *   where the system does not tell who connects, unless `allow.uids` is `'any'`
 * @example
 * ```ts
 * await using server = await serve(await open(), '/run/panel/wg.sock', {
 *   allow: { devices: ['wg0'], calls: ['read', 'peers'], uids: [1000] },
 *   log: (event) => console.error(event.type, event.peer.uid, event.call ?? ''),
 * })
 * ```
 */
export async function serve(
  wg: WireGuard,
  where: string | Duplex | Server,
  options: ServeOptions = {},
): Promise<RemoteServer> {
  const { RemoteServer } = await import('./remote/server.js')
  return await new RemoteServer(wg, options).start(where, options)
}

/**
 * The devices of whoever serves them there: the same calls as those of `open()`.
 *
 * @param where the path of a socket, or a stream that leads to a server
 * @throws {WireGuardError} `ENOENT`, `ECONNREFUSED`: nobody serves there; `EPERM`: another user than root and this one
 *   may do so, or could; `EPROTO`: it is another protocol or version; `ECONNRESET`: it does not let this user in
 * @example
 * ```ts
 * await using wg = await connect('/run/panel/wg.sock')
 * console.log(await wg.device('wg0'))
 * ```
 */
export async function connect(
  where: string | Duplex,
  options: ConnectOptions = {},
): Promise<RemoteWireGuard> {
  const { connectTo } = await import('./remote/connect.js')
  return await connectTo(where, options)
}
