import { createCipheriv, createSecretKey, type KeyObject } from 'node:crypto'
import { type Device, unsupported, WireGuardError } from '@wgctrl/types'
import { INITIATION_LENGTH } from './noise.js'

/** What of a packet an initiation is, and how it is told from others. */
export interface Disguise {
  /** Bytes before the message. */
  readonly padding: number
  /** The types that it may have, both of these among them. */
  readonly from: number
  readonly to: number
  /** The message is encrypted with it. */
  readonly key?: KeyObject
}

/** Of WireGuard, and of AmneziaWG as long as nobody configures it: type 1 and three reserved zero bytes. */
export const UNDISGUISED: Disguise = { padding: 0, from: 1, to: 1 }

/** @source amneziawg-go, device/noise-types.go: HeaderCipherNonceSize */
const NONCE_LENGTH = 12
const CIPHER = 'chacha20'

/**
 * How initiations for a device look.
 *
 * @throws {WireGuardError} `EUNSUPPORTED` of a device whose packets have trailers of any length, or where `node:crypto` lacks the cipher
 */
export function disguiseOf({ amnezia }: Pick<Device, 'amnezia'>): Disguise {
  if (!amnezia) return UNDISGUISED
  const { s1 = 0, h1 = 1, headerProtectionKey, randomTrailers } = amnezia
  if (randomTrailers) {
    throw unsupported('handshakes', 'with randomTrailers an initiation may have any length')
  }
  const [from, to = from] = `${h1}`.split('-').map(Number) as [number, number?]
  if (!headerProtectionKey || headerProtectionKey.isZero) return { padding: s1, from, to }
  const bytes = headerProtectionKey.toBytes()
  try {
    const key = createSecretKey(bytes)
    cipherOf(key, new Uint8Array(NONCE_LENGTH))
    return { padding: s1, from, to, key }
  } catch (cause) {
    const problem = `this runtime's node:crypto has no ${CIPHER}`
    throw new WireGuardError(problem, { code: 'EUNSUPPORTED', feature: 'handshakes', cause })
  } finally {
    bytes.fill(0)
  }
}

export function isSameDisguise(one: Disguise, other: Disguise): boolean {
  const { padding, from, to, key } = one
  const isSame = padding === other.padding && from === other.from && to === other.to
  if (!key || !other.key) return isSame && key === other.key
  return isSame && key.equals(other.key)
}

/**
 * What the message in a packet for a device may be; nothing: the packet is something else. Part of the packet's bytes where they
 * are not encrypted.
 *
 * @source amneziawg-go, device/receive.go: DeterminePacketTypeAndPadding, and device/send.go: SendHandshakeInitiation
 */
export function revealed(payload: Uint8Array, disguise: Disguise): Uint8Array[] {
  const { padding, from, to, key } = disguise
  if (payload.length !== padding + INITIATION_LENGTH) return []
  const part = payload.subarray(padding)
  // The kernel module decrypts a packet where it is: a packet socket, which has the same bytes, may find it done.
  const messages = key ? [cipherOf(key, payload).update(part), part] : [part]
  return messages.filter((message) => {
    const type = readType(message)
    return type >= from && type <= to
  })
}

const readType = ({ buffer, byteOffset }: Uint8Array): number =>
  new DataView(buffer, byteOffset).getUint32(0, true)

/** The block count is 0. */
function cipherOf(key: KeyObject, nonce: Uint8Array): ReturnType<typeof createCipheriv> {
  const iv = new Uint8Array(4 + NONCE_LENGTH)
  iv.set(nonce.subarray(0, NONCE_LENGTH), 4)
  return createCipheriv(CIPHER, key, iv)
}
