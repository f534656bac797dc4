import { type Peer, SecretKey } from '@wgctrl/types'
import { brokenProtocol } from './encoding.js'

/**
 * A peer of a stream as a list: the names of its fields would take most of the time and room of 100,000 of them. The
 * order is part of the protocol.
 *
 * @param secrets `false`: without its preshared key
 */
export function packPeer(peer: Peer, secrets: boolean): unknown[] {
  const { endpoint, exactBytes } = peer
  const packed: unknown[] = [
    peer.publicKey,
    peer.persistentKeepalive,
    peer.receivedBytes,
    peer.transmittedBytes,
    peer.protocolVersion,
    peer.allowedIPs,
    peer.lastHandshake ? peer.lastHandshake.getTime() : null,
    endpoint ? [endpoint.address, endpoint.port, endpoint.family, endpoint.scopeId ?? null] : null,
    secrets ? (peer.presharedKey ?? null) : null,
  ]
  const { persistentKeepaliveRange: range, extra } = peer
  if (exactBytes) packed.push(exactBytes.received, exactBytes.transmitted)
  if (range === undefined && !extra) return packed
  if (!exactBytes) packed.push(null, null)
  packed.push(range ?? null, extra ?? null)
  return packed
}

/** @throws {WireGuardError} `EPROTO` when it is none */
export function unpackPeer(packed: unknown): Peer {
  if (!Array.isArray(packed) || packed.length < 9) throw brokenProtocol('no peer')
  const [publicKey, keepalive, received, transmitted, version, allowedIPs] = packed
  const [
    ,
    ,
    ,
    ,
    ,
    ,
    handshake,
    endpoint,
    presharedKey,
    exactReceived,
    exactTransmitted,
    range,
    extra,
  ] = packed
  const isPeer =
    typeof publicKey === 'string' &&
    [keepalive, received, transmitted, version].every((each) => typeof each === 'number') &&
    Array.isArray(allowedIPs)
  if (!isPeer) throw brokenProtocol('no peer')
  return {
    publicKey,
    ...(presharedKey instanceof SecretKey && { presharedKey }),
    ...(endpoint && { endpoint: unpackEndpoint(endpoint) }),
    persistentKeepalive: keepalive,
    ...(typeof handshake === 'number' && { lastHandshake: new Date(handshake) }),
    receivedBytes: received,
    transmittedBytes: transmitted,
    ...(typeof range === 'string' && { persistentKeepaliveRange: range }),
    ...(typeof exactReceived === 'string' && {
      exactBytes: { received: exactReceived, transmitted: String(exactTransmitted) },
    }),
    allowedIPs,
    protocolVersion: version,
    ...(typeof extra === 'object' && extra !== null && { extra }),
  }
}

function unpackEndpoint(packed: unknown): NonNullable<Peer['endpoint']> {
  const [address, port, family, scopeId] = Array.isArray(packed) ? packed : []
  const isEndpoint =
    typeof address === 'string' && typeof port === 'number' && (family === 4 || family === 6)
  if (!isEndpoint) throw brokenProtocol('no endpoint')
  return { address, port, family, ...(scopeId !== null && { scopeId }) }
}
