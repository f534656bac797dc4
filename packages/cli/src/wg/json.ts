import { AMNEZIA_FIELDS, type Device, type Peer, SecretKey } from '@wgctrl/types'
import { visibleJson } from '../visible-text.js'

/** What `--json` gives for a field: of a device its value, of peers an object by public key. */
const fields = new Map<string, (device: Device) => unknown>([
  ['public-key', ({ publicKey }) => publicKey ?? null],
  ['private-key', ({ privateKey }) => privateKey ?? null],
  ['listen-port', ({ listenPort }) => listenPort],
  ['fwmark', ({ firewallMark }) => firewallMark],
  ['peers', ({ peers }) => peers.map(({ publicKey }) => publicKey)],
  ['preshared-keys', byPeer(({ presharedKey }) => presharedKey ?? null)],
  ['endpoints', byPeer(({ endpoint }) => endpoint ?? null)],
  ['allowed-ips', byPeer(({ allowedIPs }) => allowedIPs)],
  ['latest-handshakes', byPeer(({ lastHandshake }) => lastHandshake ?? null)],
  [
    'transfer',
    byPeer(({ receivedBytes, transmittedBytes, exactBytes }) => ({
      receivedBytes,
      transmittedBytes,
      ...(exactBytes && { exactBytes }),
    })),
  ],
  [
    'persistent-keepalive',
    byPeer(
      ({ persistentKeepalive, persistentKeepaliveRange }) =>
        persistentKeepaliveRange ?? persistentKeepalive,
    ),
  ],
  ...AMNEZIA_FIELDS.map(
    ({ name, key }) =>
      [key.replaceAll('_', '-'), ({ amnezia }: Device) => amnezia?.[name] ?? null] as const,
  ),
  ['dump', (device) => device],
])

function byPeer(value: (peer: Peer) => unknown) {
  return ({ peers }: Device): object =>
    Object.fromEntries(peers.map((peer) => [peer.publicKey, value(peer)]))
}

/** The value of a field of a device; without a field, the device itself. */
export function fieldValue(device: Device, field = 'dump'): unknown {
  return fields.get(field)?.(device)
}

/**
 * A value as JSON with a line end. Secrets show as `(hidden)` unless `withSecrets`.
 */
export function jsonText(value: unknown, withSecrets: boolean): string {
  const text = JSON.stringify(
    value,
    // `toJSON` has hidden a secret before it comes here as a value: the holder still has it.
    function replace(this: Record<string, unknown>, key: string, shown: unknown): unknown {
      const original = this[key]
      if (withSecrets && original instanceof SecretKey) return original.toBase64()
      return shown
    },
    2,
  )
  return `${visibleJson(text)}\n`
}
