import {
  type Device,
  type DeviceConfig,
  type Peer,
  type PeerConfig,
  shownWhole,
  wipeOwnKeys,
  withoutOwnKeys,
} from '@wgctrl/types'
import { checkDevice } from './reading.js'

/**
 * A config that makes any device what a reading says: what `configure` takes, where the reading itself is refused
 * for its counters. Its keys are those of the reading, not copies. `extra` is left out: what a daemon shows it need not take.
 *
 * @example
 * ```ts
 * await wg.configure('wg1', toConfig(await wg.device('wg0')))
 * ```
 */
export function toConfig(
  device: Pick<Device, 'privateKey' | 'listenPort' | 'firewallMark' | 'amnezia' | 'peers'>,
): DeviceConfig {
  checkDevice(device, 'device')
  const { privateKey, listenPort, firewallMark, amnezia, peers } = device
  return {
    ...(privateKey && { privateKey }),
    listenPort,
    firewallMark,
    ...(amnezia && { amnezia }),
    replacePeers: true,
    peers: peers.map(toPeerConfig),
  }
}

/** @internal What a config of an interface says of its device. */
export function deviceSettings({ privateKey, listenPort, firewallMark, amnezia, peers }: Device) {
  return {
    ...(privateKey && { privateKey }),
    listenPort,
    ...(firewallMark !== 0 && { firewallMark }),
    ...(amnezia && { amnezia }),
    peers: peers.map(toPeerConfig),
  }
}

/** @internal One peer of it. */
export function toPeerConfig(peer: Peer): PeerConfig {
  const { publicKey, presharedKey, endpoint, allowedIPs } = peer
  const { persistentKeepalive, persistentKeepaliveRange } = peer
  return {
    publicKey,
    ...(presharedKey && { presharedKey }),
    // wg(8) can set port 0, where nothing can be sent; a config with it would be refused.
    ...(endpoint && endpoint.port > 0 && { endpoint }),
    ...(persistentKeepalive !== 0 && { persistentKeepalive }),
    ...(persistentKeepaliveRange !== undefined && { persistentKeepaliveRange }),
    allowedIPs,
  }
}

/** @internal A reading without its keys, which are wiped where nobody else has them. */
export function withoutSecrets(device: Device, isOwn: boolean): Device {
  wipeOwnKeys(device)
  const peers = device.peers.map((peer) => {
    const { presharedKey, ...others } = peer
    if (isOwn) presharedKey?.wipe()
    return presharedKey ? others : peer
  })
  return shownWhole({ ...withoutOwnKeys(device), peers })
}
