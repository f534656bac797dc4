import { checkFields, type DeviceConfig, type PublicKey, publicKey } from '@wgctrl/types'
import { DEVICE_CONFIG_OPTIONS } from '../option-fields.js'
import { findRefusals } from './check.js'
import { type ConfigFile, documentOf } from './config-file.js'
import { KeyEditor } from './key-editor.js'
import { readsAmneziaKeys } from './key-rule.js'
import { type ConfigMode, mergePeers, orNull } from './merged-peers.js'
import { ConfigFileError } from './problem.js'
import { readFirewallMark, readKey, readPort } from './value.js'

export interface UseOptions {
  /**
   * What only one of two lines can have: a network that two peers are given, two sections for one
   * peer, the device's own key as a peer. `refuse` is the default; `last-wins` does as wg(8) does: the
   * later line counts, and a peer with the device's own key is left out.
   */
  readonly conflicts?: 'refuse' | 'last-wins' | undefined
  /** Keys and sections that wg(8) does not know: it refuses them, and so does the default. */
  readonly unknownKeys?: 'refuse' | 'ignore' | undefined
}

export interface DeviceConfigOptions extends UseOptions {
  /**
   * - `setconf` (the default): the file is the whole state. Keys and peers that it lacks are reset.
   *   Also what `sync` wants.
   * - `addconf`: only what the file has is changed; a peer's allowed IPs are replaced unless marked
   *   with `+` or `-`.
   * - `syncconf`: as `setconf`, but allowed IPs marked with `+` or `-` change what the device has.
   */
  readonly mode?: ConfigMode | undefined
  /** The device's public key, where the file does not set its private key: `addconf` alone. */
  readonly ownKey?: PublicKey | undefined
}

/**
 * What a config file means for a device. Names in endpoints stay names; wg-quick(8)'s keys are left
 * out: see `toInterfaceConfig`. Of AmneziaWG's keys a file sets those that it has, in any mode, as awg(8) does; `sync` and
 * `reconcile` reset those that it lacks.
 *
 * @throws {ConfigFileError} `EINVAL` for conflicts and unknown keys, all at once
 * @source wireguard-tools, src/config.c and src/setconf.c
 * @example
 * ```ts
 * await wg.sync('wg0', toDeviceConfig(await readConfigFile('/etc/wireguard/wg0.conf')))
 * ```
 */
export function toDeviceConfig(file: ConfigFile, options: DeviceConfigOptions = {}): DeviceConfig {
  checkFields(options, 'options', DEVICE_CONFIG_OPTIONS)
  const { mode = 'setconf', ownKey } = options
  refuseProblems(file, options, false)
  return deviceConfigOf(file, mode, ownKey)
}

/** As {@link toDeviceConfig}, of a file that {@link refuseProblems} let pass. */
export function deviceConfigOf(
  file: ConfigFile,
  mode: ConfigMode,
  ownKey?: PublicKey,
): DeviceConfig {
  const document = documentOf(file)
  const keys = new KeyEditor(document)
  const privateKey = keys.readLast('PrivateKey', readKey)
  const listenPort = keys.readLast('ListenPort', readPort)
  const firewallMark = keys.readLast('FwMark', readFirewallMark)
  const own = privateKey && !privateKey.isZero ? publicKey(privateKey) : undefined
  const isKept = mode === 'addconf' && privateKey === undefined
  const peers = mergePeers(document, isKept ? ownKey : own, mode)
  const amnezia = readsAmneziaKeys(document.dialect) && { amnezia: file.interface.amnezia }
  if (mode === 'addconf') {
    return {
      ...(privateKey && { privateKey: orNull(privateKey) }),
      ...(listenPort !== undefined && { listenPort }),
      ...(firewallMark !== undefined && { firewallMark }),
      ...amnezia,
      peers,
    }
  }
  return {
    privateKey: privateKey ? orNull(privateKey) : null,
    listenPort: listenPort ?? 0,
    firewallMark: firewallMark ?? 0,
    ...amnezia,
    replacePeers: true,
    peers,
  }
}

/** @param isInterface asks for what `up` would refuse, too */
export function refuseProblems(file: ConfigFile, options: UseOptions, isInterface: boolean): void {
  const { conflicts = 'refuse', unknownKeys = 'refuse' } = options
  const document = documentOf(file)
  const asked = [unknownKeys === 'refuse', conflicts === 'refuse', isInterface] as const
  const refused = findRefusals(document, ...asked)
  if (refused.length > 0) throw new ConfigFileError(refused, document.path)
}
