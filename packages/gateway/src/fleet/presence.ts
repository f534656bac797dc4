import { isPublicKey, type PublicKey } from '@wgctrl/types'

/** Where a client is, as gateways tell each other. */
export interface Presence {
  readonly gateway: string
  /** When it came, in milliseconds since 1970, by that gateway's clock. */
  readonly time: number
  /** Where it sends from; absent: not known. */
  readonly endpoint?: string | undefined
}

/** A client that appeared at another gateway. */
export interface Leave {
  readonly publicKey: PublicKey
  readonly to: string
  /** Of the entry that says so: an older one than our own says nothing. */
  readonly revision: number
}

/** @returns `undefined` for what is none: others may write to the bucket */
export function presenceOf(value: unknown): Presence | undefined {
  const { gateway, time, endpoint } = (value ?? {}) as Record<string, unknown>
  if (typeof gateway !== 'string' || typeof time !== 'number') return undefined
  return { gateway, time, ...(typeof endpoint === 'string' && { endpoint }) }
}

/** @returns `undefined` for what is none */
export function leaveOf(value: unknown): Leave | undefined {
  const { publicKey, to, revision } = (value ?? {}) as Record<string, unknown>
  if (!isPublicKey(publicKey) || typeof to !== 'string') return undefined
  return typeof revision === 'number' ? { publicKey, to, revision } : undefined
}
