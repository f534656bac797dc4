import type { Endpoint, PeerConfig, PublicKey, WireGuardError } from '@wgctrl/types'
import type { Initiation } from '../handshakes/handshakes.js'

/** What a lookup gives for a key: the peer's config. The key and the endpoint may be left out. */
export type FoundPeer = Omit<PeerConfig, 'publicKey' | 'remove' | 'updateOnly'> & {
  readonly publicKey?: PeerConfig['publicKey'] | undefined
}

/**
 * Finds the config of a key, `undefined` or `null` when nobody has it. `signal` fires when the answer comes too late.
 */
export type PeerLookup = (
  publicKey: PublicKey,
  initiation: Initiation,
  options: { readonly signal: AbortSignal },
) => Promise<FoundPeer | null | undefined> | FoundPeer | null | undefined

export interface JustInTimeOptions {
  readonly lookup: PeerLookup
  /**
   * Milliseconds after which a peer that is not heard from is removed; `Infinity`: never. Absent: 300,000.
   * A client whose peer is gone begins anew by itself only when its session is over, which is after 180
   * seconds: with less it may have to notice first, which takes it 15 seconds.
   *
   * @source WireGuard paper, section 6: REJECT-AFTER-TIME 180, KEEPALIVE-TIMEOUT 10 + REKEY-TIMEOUT 5
   */
  readonly idle?: number | undefined
  /**
   * How many peers the device holds at most, those that were there before included. For one more the
   * longest idle goes. More than the machine has threads for gives a warning. Absent: any number.
   */
  readonly maxPeers?: number | undefined
  /** Peers that are never removed. */
  readonly pinned?: Iterable<PublicKey> | ((publicKey: PublicKey) => boolean) | undefined
  /**
   * Who is known, apart from those who were in before or looked up: when many come at once they are let in before the
   * others. Asked often. Absent: nobody else.
   */
  readonly known?: ((publicKey: PublicKey) => boolean) | undefined
  /** Milliseconds that a key nobody has is not looked up again; 0: ask each time. Absent: 30,000. */
  readonly negativeTtl?: number | undefined
  /** How many such keys are remembered. Absent: 16,384. */
  readonly negativeSize?: number | undefined
  /** Milliseconds that a lookup may take. Absent: 5000, when the client tries again. */
  readonly lookupTimeout?: number | undefined
  /**
   * How many lookups run at once, a quarter of them of those who are known. Beyond, initiations of those who are known
   * wait, others are dropped. Absent: 64.
   */
  readonly maxLookups?: number | undefined
  /**
   * Makes the device initiate a handshake with a peer as soon as it is installed. `false`: the client's
   * retry is waited for, which comes after five seconds. Absent: true.
   */
  readonly initiate?: boolean | undefined
  /** Milliseconds between looks at the device. Absent: 1000. */
  readonly interval?: number | undefined
  /** As {@link HandshakeOptions.netns}. */
  readonly netns?: string | number | undefined
  /** Ends it. */
  readonly signal?: AbortSignal | undefined
  /** Told of what happens, in order. What it throws or rejects with ends the gateway. Not waited for. */
  readonly onEvent?: ((event: JustInTimeEvent) => unknown) | undefined
}

/** What happened to a peer. */
export type JustInTimeEvent =
  | {
      readonly type: 'installed'
      readonly publicKey: PublicKey
      /** Where the initiation came from. */
      readonly endpoint: Endpoint
    }
  | {
      readonly type: 'evicted'
      readonly publicKey: PublicKey
      /** `idle`: not heard from for too long; `room`: another needed its place. */
      readonly reason: 'idle' | 'room'
      /** Milliseconds since it was last known to be alive. */
      readonly idle: number
    }
  /** Nobody has this key. Told once for each time that it was looked up. */
  | { readonly type: 'unknown'; readonly publicKey: PublicKey; readonly endpoint: Endpoint }
  /** All peers are pinned, and there are {@link JustInTimeOptions.maxPeers} of them. */
  | { readonly type: 'full'; readonly publicKey: PublicKey; readonly endpoint: Endpoint }
  /** `ETHREADS`: {@link JustInTimeOptions.maxPeers} are more than the machine has threads for. Told at the start. */
  | { readonly type: 'warning'; readonly code: 'ETHREADS'; readonly message: string }
  | {
      readonly type: 'failed'
      readonly operation: 'lookup' | 'install' | 'evict' | 'read'
      /** Absent: it was about no one peer. */
      readonly publicKey?: PublicKey
      readonly error: WireGuardError | unknown
    }

/** How often what happened, since the start. */
export interface JustInTimeCounters {
  /** Initiations of peers that the device has. */
  readonly known: number
  /** Calls of {@link JustInTimeOptions.lookup}. */
  readonly lookups: number
  /** Lookups that found a peer. */
  readonly found: number
  /** Lookups that found nobody. */
  readonly unknown: number
  /** Initiations that a remembered "nobody" answered. */
  readonly negative: number
  /** Initiations of keys that were being looked up or installed. */
  readonly merged: number
  /** Initiations that were dropped because too many keys were being looked up. */
  readonly busy: number
  readonly lookupsFailed: number
  readonly installed: number
  /** Peers that were put in once more because the first handshake did not come about. */
  readonly reinitiated: number
  readonly installsFailed: number
  readonly evictedIdle: number
  readonly evictedForRoom: number
  /** Initiations that found all peers pinned. */
  readonly full: number
}

/** Before anything happened. */
export const NOTHING_HAPPENED: JustInTimeCounters = {
  known: 0,
  lookups: 0,
  found: 0,
  unknown: 0,
  negative: 0,
  merged: 0,
  busy: 0,
  lookupsFailed: 0,
  installed: 0,
  reinitiated: 0,
  installsFailed: 0,
  evictedIdle: 0,
  evictedForRoom: 0,
  full: 0,
}
