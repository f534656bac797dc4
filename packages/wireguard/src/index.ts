import { checkFields } from '@wgctrl/types'
import { WireGuard } from './client.js'
import { type DetectOptions, detectBackends } from './detect.js'
import { OPEN_OPTIONS } from './option-fields.js'
import { EndpointResolver, type ResolveOptions } from './resolve.js'

export { KernelBackend, type KernelBackendOptions } from '@wgctrl/netlink'
export type {
  AllowedIPChange,
  Backend,
  CallOptions,
  Capabilities,
  CheckedConfig,
  Cidr,
  CreateOptions,
  DeleteOptions,
  Device,
  DeviceConfig,
  DeviceKind,
  Endpoint,
  ErrorCode,
  ExtendedAck,
  KeyInput,
  NamedEndpoint,
  Peer,
  PeerConfig,
  PublicKey,
  UnsafePermissions,
} from '@wgctrl/types'
export {
  AbortError,
  checkConfig,
  checkInterfaceName,
  formatCidr,
  formatEndpoint,
  generatePresharedKey,
  generatePrivateKey,
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
export { type ClientCallOptions, type DeviceOptions, WireGuard } from './client.js'
export * from './client-config/index.js'
export * from './config-file/index.js'
export * from './connection/index.js'
export type { DeviceList } from './device-list.js'
export type { FreeNameOptions, FreePortOptions } from './free.js'
export type { HandshakeOptions, Handshakes, Initiation } from './handshakes/handshakes.js'
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
export {
  EndpointResolver,
  type Lookup,
  type LookupRetry,
  type ResolveOptions,
} from './resolve.js'
export * from './sync/index.js'
export { toConfig } from './to-config.js'
export * from './traffic/index.js'
export type { DeviceEvent, WatchEvent } from './watch/events.js'
export type { Watcher, WatchOptions } from './watch/watcher.js'

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
  const resolver = new EndpointResolver(options.resolve)
  return new WireGuard(await detectBackends(options), resolver, options)
}
