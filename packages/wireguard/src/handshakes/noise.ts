import {
  createDecipheriv,
  diffieHellman,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto'
import {
  formatPublicKey,
  type KeyInput,
  ownTurn,
  type PublicKey,
  publicKey,
  WireGuardError,
  x25519PrivateKey,
  x25519PublicKey,
} from '@wgctrl/types'
import { blake2s, blake2sMac, hmacBlake2s } from './blake2s.js'

/**
 * The first message of WireGuard's handshake, Noise_IKpsk2, as the responder reads it. Sections are
 * those of the WireGuard paper (https://www.wireguard.com/papers/wireguard.pdf).
 */

/** Bytes of a handshake initiation. @source section 5.4.2 */
export const INITIATION_LENGTH = 148

/** Where its fields stand. @source section 5.4.2; sizes from 5.4: AEAD adds a tag of 16 bytes */
const EPHEMERAL = 8
const STATIC = 40
const TIMESTAMP = 88
const MAC1 = 116
const MAC2 = 132

/** @source section 5.4: CONSTRUCTION, IDENTIFIER, LABEL-MAC1 */
const CONSTRUCTION = Buffer.from('Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s')
const IDENTIFIER = Buffer.from('WireGuard v1 zx2c4 Jason@zx2c4.com')
const LABEL_MAC1 = Buffer.from('mac1----')

const CIPHER = 'chacha20-poly1305'
const TAG_LENGTH = 16
const NONCE_ZERO = new Uint8Array(12)
const HASH_LENGTH = 32
const NO_KEY = new Uint8Array(0)

/**
 * Refuses a runtime whose `node:crypto` lacks what a handshake is made of: every initiation would pass for one
 * that cannot be decrypted.
 *
 * @throws {WireGuardError} `EUNSUPPORTED`
 */
export function requireNoise(): void {
  const key = new Uint8Array(32)
  try {
    createDecipheriv(CIPHER, key, NONCE_ZERO, { authTagLength: TAG_LENGTH })
    x25519PublicKey(key)
  } catch (cause) {
    const problem = `this runtime's node:crypto has no ${CIPHER}, or takes no X25519 key as a JWK`
    throw new WireGuardError(problem, { code: 'EUNSUPPORTED', feature: 'handshakes', cause })
  }
}

/** Of some milliseconds each at first, and a quarter of one behind these: V8 compiles what it has seen often. */
const PRACTICE = 16

let practised: Promise<void> | undefined

/**
 * Reads messages of nobody, once in a process, so that the first of a client is read as fast as later ones: behind a
 * restart all clients come at once.
 */
export function practise(): Promise<void> {
  practised ??= readNobodys()
  return practised
}

async function readNobodys(): Promise<void> {
  const responder = new Responder(randomBytes(32))
  const message = randomBytes(INITIATION_LENGTH)
  for (let count = 0; count < PRACTICE; count++) {
    responder.hasMac1(message)
    responder.open(message)
    await ownTurn()
  }
}

/** Who sent an initiation, and when by its own clock. Both are proven by the sender's private key. */
export interface OpenedInitiation {
  readonly publicKey: PublicKey
  /** 12 bytes, TAI64N: later ones compare greater, byte by byte. */
  readonly timestamp: Uint8Array
}

/** Reads initiations that are meant for one private key. */
export class Responder {
  readonly publicKey: PublicKey
  readonly #privateKey: KeyObject
  readonly #mac1: (input: Uint8Array) => Uint8Array
  readonly #chainingKey: Uint8Array
  readonly #hash: Uint8Array

  /** @throws {WireGuardError} `EINVAL` when it is no key */
  constructor(privateKey: KeyInput) {
    this.publicKey = publicKey(privateKey)
    this.#privateKey = x25519PrivateKey(privateKey)
    const own = Buffer.from(this.publicKey, 'base64')
    this.#mac1 = blake2sMac(hash(LABEL_MAC1, own), TAG_LENGTH)
    this.#chainingKey = hash(CONSTRUCTION)
    this.#hash = hash(hash(this.#chainingKey, IDENTIFIER), own)
  }

  /**
   * True of a message that was made by somebody who knows our public key: the cheap test, made first.
   *
   * @source section 5.4.4: mac1 = MAC(HASH(LABEL-MAC1 || public key), the bytes before it)
   */
  hasMac1(message: Uint8Array): boolean {
    if (message.length !== INITIATION_LENGTH) return false
    const mac1 = this.#mac1(message.subarray(0, MAC1))
    return timingSafeEqual(mac1, message.subarray(MAC1, MAC2))
  }

  /**
   * Decrypts a message that passed {@link hasMac1}; `undefined` for one that its sender could not have
   * made. mac2 is not looked at: the secret of cookies never leaves the device.
   *
   * @source section 5.4.2, in its order; the initiator's steps as the responder mirrors them
   */
  open(message: Uint8Array): OpenedInitiation | undefined {
    const ephemeral = message.subarray(EPHEMERAL, STATIC)
    const encryptedStatic = message.subarray(STATIC, TIMESTAMP)
    const encryptedTimestamp = message.subarray(TIMESTAMP, MAC1)
    try {
      const first = kdf1(this.#chainingKey, ephemeral)
      const hashE = hash(this.#hash, ephemeral)
      const [second, staticKey] = kdf2(first, this.#agree(ephemeral))
      const initiator = decrypt(staticKey, encryptedStatic, hashE)
      const hashS = hash(hashE, encryptedStatic)
      const [, timestampKey] = kdf2(second, this.#agree(initiator))
      const timestamp = decrypt(timestampKey, encryptedTimestamp, hashS)
      return { publicKey: formatPublicKey(initiator), timestamp }
    } catch {
      // A tag that does not match, or a point of low order, for which OpenSSL derives nothing.
      return undefined
    }
  }

  #agree(theirs: Uint8Array): Buffer {
    return diffieHellman({ privateKey: this.#privateKey, publicKey: x25519PublicKey(theirs) })
  }
}

function hash(...parts: readonly Uint8Array[]): Uint8Array {
  return blake2s(Buffer.concat(parts), NO_KEY, HASH_LENGTH)
}

/** @source section 5.4: Kdf_n, HKDF with an empty info */
function kdf1(key: Uint8Array, input: Uint8Array): Uint8Array {
  return hmacBlake2s(hmacBlake2s(key, input), Uint8Array.of(1))
}

function kdf2(key: Uint8Array, input: Uint8Array): [Uint8Array, Uint8Array] {
  const secret = hmacBlake2s(key, input)
  const first = hmacBlake2s(secret, Uint8Array.of(1))
  return [first, hmacBlake2s(secret, first, Uint8Array.of(2))]
}

/** @source section 5.4: Aead with counter 0 */
function decrypt(key: Uint8Array, sealed: Uint8Array, authenticated: Uint8Array): Uint8Array {
  const end = sealed.length - TAG_LENGTH
  const options = { authTagLength: TAG_LENGTH }
  const cipher = createDecipheriv(CIPHER, key, NONCE_ZERO, options)
  cipher.setAAD(authenticated, { plaintextLength: end })
  cipher.setAuthTag(sealed.subarray(end))
  const plain = cipher.update(sealed.subarray(0, end))
  cipher.final()
  return plain
}
