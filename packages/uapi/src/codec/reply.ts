import type { AmneziaParameters, Counter, ExtraKeys, SecretKey } from '@wgctrl/types'

/**
 * What a get reply says of one peer: the words of the wire, values read.
 * @source https://www.wireguard.com/xplatform/#configuration-protocol
 */
export interface WirePeer {
  /** Base64, as keys are shown; the wire has hex. */
  publicKey: string
  /** Absent where the wire has zeros. The record's own, until somebody takes it. */
  presharedKey?: SecretKey | undefined
  endpoint?: string
  persistentKeepaliveInterval: number
  /** The upper end, where the lower one is another. */
  persistentKeepaliveTo?: number
  lastHandshakeTimeSec: number
  lastHandshakeTimeNsec: number
  rxBytes: Counter
  txBytes: Counter
  allowedIps: string[]
  /** Each of `allowedIps` is spelled canonically, and their list has no room for more. Absent: nobody looked. */
  areCanonical?: true
  protocolVersion: number
  extra?: ExtraKeys
}

/** What a get reply says of the device itself; it stands before the first peer. */
export interface WireDevice {
  /** Absent where the wire has none or zeros. The record's own, until somebody takes it. */
  privateKey?: SecretKey | undefined
  /** boringtun gives this and no private key. Base64. */
  ownPublicKey?: string
  listenPort: number
  fwmark: number
  /** Its secret is the record's own, until somebody takes it. */
  amnezia?: { -readonly [name in keyof AmneziaParameters]: AmneziaParameters[name] }
  extra?: ExtraKeys
}

/** A new record, with what an implementation that leaves a line out means by it. */
export function wirePeer(publicKey: string): WirePeer {
  return {
    publicKey,
    persistentKeepaliveInterval: 0,
    lastHandshakeTimeSec: 0,
    lastHandshakeTimeNsec: 0,
    rxBytes: 0,
    txBytes: 0,
    allowedIps: [],
    protocolVersion: 1,
  }
}
