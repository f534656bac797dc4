import type { AmneziaName, NumberRange, PublicKey } from '@wgctrl/types'

/** One difference between a device and what it should be. Never holds a secret. */
export type Change =
  | PrivateKeyChange
  | ListenPortChange
  | FirewallMarkChange
  | AmneziaChange
  | ExtraChange
  | PeerAdded
  | PeerRemoved
  | PeerChanged
  | AllowedIPAdded
  | AllowedIPRemoved
  | AllowedIPMoved

export interface PrivateKeyChange {
  readonly kind: 'private-key'
  /** What belongs to the private key that is set; absent: the key is removed. */
  readonly publicKey?: PublicKey
  /** What belonged to the one before; absent: there was none. */
  readonly formerPublicKey?: PublicKey
}

/** The device listens elsewhere. */
export interface ListenPortChange {
  readonly kind: 'listen-port'
  readonly from: number
  readonly to: number
}

export interface FirewallMarkChange {
  readonly kind: 'firewall-mark'
  /** 0: off. */
  readonly from: number
  readonly to: number
}

/** A parameter of AmneziaWG. */
export interface AmneziaChange {
  readonly kind: 'amnezia'
  readonly parameter: AmneziaName
  /** Of the header protection key `''` for none, else `'(hidden)'`. */
  readonly from: NumberRange | boolean
  readonly to: NumberRange | boolean
}

/** Lines of a daemon's protocol that have no field; see `extra` of a config. */
export interface ExtraChange {
  readonly kind: 'extra'
  readonly key: string
  readonly to: string | readonly string[]
}

export interface PeerAdded {
  readonly kind: 'peer-added'
  readonly publicKey: PublicKey
  readonly hasPresharedKey: boolean
  readonly endpoint?: string
  /** Seconds; 0: off. */
  readonly persistentKeepalive: number
  /** Those that another peer had are in an `allowed-ip-moved` each as well. */
  readonly allowedIPs: readonly string[]
}

/** A peer goes. */
export interface PeerRemoved {
  readonly kind: 'peer-removed'
  readonly publicKey: PublicKey
}

/** Anything but allowed IPs. */
export interface PeerChanged {
  readonly kind: 'peer-changed'
  readonly publicKey: PublicKey
  readonly presharedKey?: 'set' | 'replaced' | 'removed'
  readonly endpoint?: { readonly from?: string; readonly to: string }
  /** Seconds; 0: off. */
  readonly persistentKeepalive?: { readonly from: number; readonly to: number }
  /** `'15-30'`; absent ends: of one number, see `persistentKeepalive`. */
  readonly persistentKeepaliveRange?: { readonly from?: string; readonly to?: string }
  /** The keys of `extra` that change. */
  readonly extra?: readonly string[]
}

/** A peer gets a network. */
export interface AllowedIPAdded {
  readonly kind: 'allowed-ip-added'
  readonly publicKey: PublicKey
  readonly cidr: string
}

/** A peer loses a network. */
export interface AllowedIPRemoved {
  readonly kind: 'allowed-ip-removed'
  readonly publicKey: PublicKey
  readonly cidr: string
}

/** A network goes from one peer to another. */
export interface AllowedIPMoved {
  readonly kind: 'allowed-ip-moved'
  readonly cidr: string
  readonly from: PublicKey
  readonly to: PublicKey
}

/** A difference of a peer's endpoint alone: a peer that is heard from moves it. */
export const isOfEndpoint = (change: Change): boolean =>
  change.kind === 'peer-changed' &&
  change.presharedKey === undefined &&
  change.persistentKeepalive === undefined &&
  change.persistentKeepaliveRange === undefined &&
  change.extra === undefined
