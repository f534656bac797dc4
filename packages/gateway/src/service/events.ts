import type { PublicKey } from '@wgctrl/types'
import type { JustInTimeEvent } from 'wgctrl'
import type { StoreProblem } from '../store/store.js'

/** What happened at a gateway. No event has a secret. */
export type GatewayEvent =
  | JustInTimeEvent
  /** The store told of a client that is in: its peer was changed, its session goes on. */
  | { readonly type: 'changed'; readonly publicKey: PublicKey }
  /** The store told that nobody has this key any more: its peer was removed. */
  | { readonly type: 'revoked'; readonly publicKey: PublicKey }
  /** What the store told of a client could not be applied. It is tried again, unless it is no config for the device. */
  | { readonly type: 'change-failed'; readonly publicKey?: PublicKey; readonly error: unknown }
  /** Who is in stays, who is known is let in. Told once until it is back. */
  | { readonly type: 'store-away'; readonly error: unknown }
  | { readonly type: 'store-back' }
  /** One entry of the store cannot be used. Told once while that lasts. */
  | ({ readonly type: 'store-problem' } & StoreProblem)
  /** A client is let in by an answer that was kept, for the store is slow or away. */
  | { readonly type: 'kept'; readonly publicKey: PublicKey; readonly age: number }
  /** A client is here from now on. `from`: the gateway where it was; absent: it was nowhere. */
  | { readonly type: 'moved'; readonly publicKey: PublicKey; readonly from?: string }
  /** A client is at another gateway: its peer was removed here. */
  | { readonly type: 'left'; readonly publicKey: PublicKey; readonly to: string }
  /** The other gateways cannot be told, or do not tell. It is tried again. */
  | { readonly type: 'fleet-failed'; readonly error: unknown }
  /** The other gateways are told, and tell, from now on. */
  | { readonly type: 'fleet-joined' }
  /** The interface was made or changed; or it goes on in spite of something. */
  | { readonly type: 'interface'; readonly message: string }

/** How a gateway is, for metrics. A copy. */
export interface GatewayState {
  readonly device: string
  /** Peers in the device. */
  readonly peers: number
  /** What became of clients, by outcome. */
  readonly clients: Readonly<Record<string, number>>
  /** What became of packets that look like initiations, by outcome. */
  readonly initiations: Readonly<Record<string, number>>
  readonly store: {
    readonly isAway: boolean
    /** Milliseconds that it has been away; 0: it is not. */
    readonly awayFor: number
    /** Up to which all changes are in the device; absent: none yet. */
    readonly revision?: number | undefined
    /** Clients whose change waits to be applied. */
    readonly waiting: number
    /** Answers that are kept. */
    readonly kept: number
    /** How old one may be that lets a client in, in milliseconds. */
    readonly maxAge: number
    /** Entries that could not be used, since the start. */
    readonly problems: number
  }
  /** Whether the other gateways can be told; absent: it is alone. */
  readonly fleet?: { readonly isAway: boolean } | undefined
}
