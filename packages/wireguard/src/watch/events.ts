import type { Device, Endpoint, ErrorCode, Peer, PublicKey, WireGuardError } from '@wgctrl/types'

/** Fields of a device that can change while it stays what it is; `amnezia` is all parameters of AmneziaWG. */
export type DeviceField = 'privateKey' | 'listenPort' | 'firewallMark' | 'amnezia' | 'extra'

/** Fields of a peer that somebody configures; `persistentKeepalive` is its range, too. */
export type PeerField =
  | 'presharedKey'
  | 'persistentKeepalive'
  | 'allowedIPs'
  | 'protocolVersion'
  | 'extra'

/** What can be watched besides devices and peers that come and go. */
export type WatchField = DeviceField | PeerField | 'endpoint' | 'handshake' | 'stale' | 'transfer'

/** What {@link WatchEvent.type} can be. */
export type WatchEventType = WatchEvent['type']

/** What happened to a device. */
export interface OfDevice {
  /** The device's name; after a rename, the new one. */
  readonly device: string
}

/** What happened to a peer. */
export interface OfPeer extends OfDevice {
  readonly publicKey: PublicKey
}

/** Something that happened to a device or one of its peers, or that keeps devices from being seen. */
export type WatchEvent =
  | DeviceEvent
  /**
   * A backend is here and cannot be used, or cannot be listed: its devices are not seen. Told once for each
   * reason, until it can.
   */
  | {
      readonly type: 'backend-failed'
      readonly backend: string | undefined
      readonly error: WireGuardError
    }
  /** One that had failed can be used again: its devices are seen from now on. */
  | { readonly type: 'backend-recovered'; readonly backend: string | undefined }

/** Something that happened to a device or one of its peers. */
export type DeviceEvent =
  /** There is a device that was not there before, or it is the first look and `initial` was asked for. */
  | (OfDevice & { readonly type: 'device-added' })
  | (OfDevice & { readonly type: 'device-removed' })
  | (OfDevice & { readonly type: 'device-renamed'; readonly from: string })
  /** Somebody switched the link on or off. */
  | (OfDevice & { readonly type: 'device-up' })
  | (OfDevice & { readonly type: 'device-down' })
  | (OfDevice & {
      readonly type: 'device-changed'
      readonly fields: readonly DeviceField[]
      /** As it is now. Shared with others: its keys must not be wiped. */
      readonly now: Device
    })
  /** It is there but could not be read. Told once, until a reading succeeds. */
  | (OfDevice & {
      readonly type: 'device-failed'
      /** Of the error, which loses it in a structured clone. */
      readonly code: ErrorCode
      readonly error: WireGuardError
    })
  | (OfPeer & { readonly type: 'peer-added'; readonly peer: Peer })
  | (OfPeer & {
      readonly type: 'peer-removed'
      /** As it was seen last. */
      readonly peer: Peer
    })
  | (OfPeer & {
      readonly type: 'peer-changed'
      readonly fields: readonly PeerField[]
      readonly peer: Peer
    })
  | (OfPeer & {
      readonly type: 'peer-roamed'
      readonly endpoint: Endpoint
      /** Absent: it had none. */
      readonly from?: Endpoint
    })
  | (OfPeer & { readonly type: 'peer-handshake'; readonly at: Date })
  /** No handshake for three minutes: its session cannot be used any more. */
  | (OfPeer & { readonly type: 'peer-stale'; readonly lastHandshake: Date })
  | (OfPeer & {
      readonly type: 'peer-transfer'
      /** Bytes since the event before it. */
      readonly received: number
      readonly transmitted: number
      /** Bytes per second in that time. */
      readonly receiveRate: number
      readonly transmitRate: number
      /** The time in milliseconds. */
      readonly duration: number
    })
