import { isPublicKey, type PublicKey } from '@wgctrl/types'

/** When a client was at a gateway. */
export interface Moment {
  /** Milliseconds since 1970, by that gateway's clock. */
  readonly time: number
  /** When it made the initiation with which it came, by its own clock; absent: that was not heard. */
  readonly initiated?: number | undefined
}

/** Where a client is, as gateways tell each other. */
export interface Presence extends Moment {
  readonly gateway: string
  /** Where it was before; absent: nowhere. */
  readonly from?: string | undefined
  /** Where it sends from; absent: not known. */
  readonly endpoint?: string | undefined
}

/** A client that appeared at another gateway. */
export interface Leave extends Moment {
  readonly publicKey: PublicKey
  readonly to: string
  /** Of the entry that says so: an older one than our own says nothing. */
  readonly revision: number
}

/**
 * Whether a client was at one gateway after another. The client's own clock decides, which both may have heard: a message
 * that somebody recorded and sends again is never later. Else those of the gateways do.
 */
export function isLater(one: Moment, other: Moment): boolean {
  if (one.initiated !== undefined && other.initiated !== undefined) {
    return one.initiated > other.initiated
  }
  return one.time > other.time
}

/** @returns `undefined` for what is none: others may write to the bucket */
export function presenceOf(value: unknown): Presence | undefined {
  const { gateway, time, initiated, from, endpoint } = (value ?? {}) as Record<string, unknown>
  if (typeof gateway !== 'string' || typeof time !== 'number') return undefined
  return {
    gateway,
    time,
    ...(typeof initiated === 'number' && { initiated }),
    ...(typeof from === 'string' && { from }),
    ...(typeof endpoint === 'string' && { endpoint }),
  }
}

/** @returns `undefined` for what is none */
export function leaveOf(value: unknown): Leave | undefined {
  const { publicKey, to, revision, time, initiated } = (value ?? {}) as Record<string, unknown>
  if (!isPublicKey(publicKey) || typeof to !== 'string') return undefined
  if (typeof revision !== 'number' || typeof time !== 'number') return undefined
  return { publicKey, to, revision, time, ...(typeof initiated === 'number' && { initiated }) }
}
