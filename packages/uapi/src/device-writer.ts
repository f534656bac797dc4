import { randomBytes } from 'node:crypto'
import {
  type CheckedConfig,
  type ConfigureOptions,
  inContext,
  keysOf,
  refuseKeyOfDevice,
  wipeConfig,
  wipeDevice,
} from '@wgctrl/types'
import { changesBinding, putBack } from './binding.js'
import { encodeSet } from './codec/request.js'
import { DaemonProfile } from './daemon-profile.js'
import { readDevice } from './device-reader.js'
import type { SocketDirectory } from './directory.js'
import { exchangeSet } from './exchange.js'
import type { Identity } from './identity.js'
import { countApplied } from './map/applied.js'
import { needsCurrentDevice, toSets } from './map/config.js'
import { pathOf, type SocketAddress } from './socket.js'

/** A daemon is known by its socket file: a new file is a new daemon. */
interface KnownDaemon {
  readonly identity: string
  readonly profile: DaemonProfile
}

interface WriteCall {
  readonly signal: AbortSignal
  readonly onProgress?: ConfigureOptions['onProgress']
  readonly ownKey?: ConfigureOptions['ownKey']
}

/** Applies configs, and remembers of each daemon what it understands. */
export class DeviceWriter {
  readonly #directory: SocketDirectory
  readonly #daemons = new Map<string, KnownDaemon>()

  constructor(directory: SocketDirectory) {
    this.#directory = directory
  }

  /**
   * Applies `config` to the device behind `address`.
   *
   * @throws {WireGuardError} `EINVAL`, …, with `appliedPeers`; `EADDRINUSE` and `EPERM` of a port and a mark, see
   * {@link putBack}; the system's errors
   */
  async write(
    name: string,
    address: SocketAddress,
    config: CheckedConfig,
    { signal, onProgress, ownKey }: WriteCall,
  ): Promise<void> {
    const { profile } = await this.#daemonAt(address)
    let identity: Promise<Identity> | undefined
    const identify = (): Promise<Identity> => (identity ??= profile.identify(signal))
    await refuseKeyOfDevice(keysOf(config), async () => (await identify()).publicKey, ownKey)
    const binding = changesBinding(config) ? await identify() : undefined
    const sets = await setsFor(name, address, config, profile, signal)
    try {
      let before = 0
      for (const set of sets) {
        const onSent = (peers: number): void => onProgress?.(before + peers)
        await exchangeSet(address, encodeSet(set, onSent), signal)
        before += set.peers.length
        // Of the last chunk nobody tells when the daemon has answered first.
        onProgress?.(before)
      }
    } catch (error) {
      const failure = binding ? await putBack(address, config, binding, signal, error) : error
      throw await halfWritten(name, address, config, signal, failure)
    } finally {
      for (const set of sets) wipeConfig(set)
    }
  }

  /** Forgets a device that is gone. */
  forget(path: string): void {
    this.#daemons.delete(path)
  }

  async #daemonAt(address: SocketAddress): Promise<KnownDaemon> {
    const path = pathOf(address)
    const identity = await this.#directory.identity(path)
    const known = this.#daemons.get(path)
    if (known?.identity === identity) return known
    this.forget(path)
    const daemon = { identity, profile: new DaemonProfile(address) }
    this.#daemons.set(path, daemon)
    return daemon
  }
}

async function setsFor(
  name: string,
  address: SocketAddress,
  config: CheckedConfig,
  daemon: DaemonProfile,
  signal: AbortSignal,
): Promise<CheckedConfig[]> {
  const profile = await daemon.for(config, signal)
  if (!needsCurrentDevice(config, profile)) return [config]
  const current = await readDevice(name, address, signal)
  try {
    return toSets(config, profile, current, randomBytes(32))
  } finally {
    wipeDevice(current)
  }
}

/** A device that still answers shows what was applied; of one that does not, nothing is known. */
async function halfWritten(
  device: string,
  address: SocketAddress,
  config: CheckedConfig,
  signal: AbortSignal,
  error: unknown,
): Promise<unknown> {
  const now = await readDevice(device, address, signal).catch(() => undefined)
  if (!now) return error
  const appliedPeers = countApplied(config, now)
  wipeDevice(now)
  return inContext(error, { operation: 'configure', device, backend: 'userspace', appliedPeers })
}
