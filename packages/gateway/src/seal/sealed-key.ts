import {
  createCipheriv,
  createDecipheriv,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
} from 'node:crypto'
import {
  checkFields,
  type FieldsOf,
  InvalidTypeError,
  invalid,
  type KeyInput,
  type PublicKey,
  parsePublicKey,
  SecretKey,
  x25519PrivateKey,
  x25519PublicKey,
} from '@wgctrl/types'

// A preshared key, sealed: only who has a gateway's private key can read it, and only as that of one client.
//
// One byte of version, the sender's ephemeral public key, the encrypted key, the tag: 81 bytes, in base64url without
// padding. X25519 of the ephemeral and the gateway's key goes through HKDF-SHA256 to the key and the nonce of
// ChaCha20-Poly1305; all three public keys are in it.
const VERSION = 1
const [KEY, NONCE, TAG] = [32, 12, 16]
const LENGTH = 1 + KEY + KEY + TAG
const LABEL = 'wgctrl sealed preshared key 1'
const CIPHER = 'chacha20-poly1305'

/** Whom a preshared key is sealed for. */
export interface SealedFor {
  /** The key that opens it: the gateway's own, or what its `sealKeyFile` belongs to. */
  readonly gateway: PublicKey
  readonly client: PublicKey
}

const SEALED_FOR: FieldsOf<SealedFor> = { gateway: true, client: true }

/**
 * Seals a preshared key. It is another text each time; nothing in it says who sealed it.
 *
 * @throws {TypeError | WireGuardError} `EINVAL` when a key is none; `path` names it
 */
export function sealPresharedKey(presharedKey: SecretKey, whom: SealedFor): string {
  checkFields(whom, 'whom', SEALED_FOR, '')
  const gateway = parsePublicKey(whom.gateway, 'gateway')
  const client = parsePublicKey(whom.client, 'client')
  if (!(presharedKey instanceof SecretKey)) {
    throw new InvalidTypeError('presharedKey', 'must be a SecretKey')
  }
  const ephemeral = generateKeyPairSync('x25519')
  const own = rawPublicKey(ephemeral.publicKey)
  const to = Buffer.from(gateway, 'base64')
  const secret = agree(ephemeral.privateKey, to)
  if (!secret) throw invalid('gateway', 'is no key that can be sealed for')
  const { key, nonce } = derive(secret, own, to, client)
  const plain = presharedKey.toBytes()
  try {
    const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG })
    const sealed = Buffer.concat([cipher.update(plain), cipher.final()])
    const parts = [Buffer.of(VERSION), own, sealed, cipher.getAuthTag()]
    return Buffer.concat(parts).toString('base64url')
  } finally {
    plain.fill(0)
    key.fill(0)
  }
}

/** Opens sealed preshared keys with one private key. */
export class SealOpener {
  readonly publicKey: PublicKey
  readonly #privateKey: KeyObject
  readonly #own: Buffer

  /** @throws {WireGuardError} `EINVAL` when it is no key */
  constructor(privateKey: KeyInput, path: string) {
    this.#privateKey = x25519PrivateKey(privateKey, path)
    this.#own = rawPublicKey(createPublicKey(this.#privateKey))
    this.publicKey = this.#own.toString('base64') as PublicKey
  }

  /**
   * @param sealed one, or several for as many gateways: the first that opens counts
   * @throws {TypeError | WireGuardError} `EINVAL` when none of them can be opened; the message repeats nothing of them
   */
  open(sealed: unknown, client: PublicKey, path: string): SecretKey {
    const texts = Array.isArray(sealed) ? sealed : [sealed]
    if (texts.length > MOST_SEALS) throw invalid(path, `must be ${MOST_SEALS} at most`)
    const boxes = texts.map((text) => boxOf(text, path))
    for (const box of boxes) {
      const opened = this.#open(box, client)
      if (opened) return opened
    }
    throw invalid(path, `is not sealed for this client and ${this.publicKey}, or was changed`)
  }

  #open(box: Buffer, client: PublicKey): SecretKey | undefined {
    const ephemeral = box.subarray(1, 1 + KEY)
    const secret = agree(this.#privateKey, ephemeral)
    if (!secret) return undefined
    const { key, nonce } = derive(secret, ephemeral, this.#own, client)
    let plain: Buffer | undefined
    try {
      const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG })
      decipher.setAuthTag(box.subarray(LENGTH - TAG))
      plain = decipher.update(box.subarray(1 + KEY, LENGTH - TAG))
      decipher.final()
      return SecretKey.from(plain)
    } catch {
      // For another gateway, for another client, or changed.
      return undefined
    } finally {
      plain?.fill(0)
      key.fill(0)
    }
  }
}

/** For how many gateways a key is sealed at most: each may be tried. */
const MOST_SEALS = 64

function boxOf(text: unknown, path: string): Buffer {
  if (typeof text !== 'string') throw new InvalidTypeError(path, 'must be a text, or several')
  const box = Buffer.from(text, 'base64url')
  if (box.length !== LENGTH || box.toString('base64url') !== text || box[0] !== VERSION) {
    throw invalid(path, 'is no sealed key, as `wgctrl seal` makes them')
  }
  return box
}

function derive(secret: Buffer, ephemeral: Buffer, gateway: Buffer, client: PublicKey) {
  const info = Buffer.concat([
    Buffer.from(LABEL),
    ephemeral,
    gateway,
    Buffer.from(client, 'base64'),
  ])
  try {
    const bytes = Buffer.from(hkdfSync('sha256', secret, Buffer.alloc(0), info, KEY + NONCE))
    return { key: bytes.subarray(0, KEY), nonce: bytes.subarray(KEY) }
  } finally {
    secret.fill(0)
  }
}

/** @returns `undefined` for a point of low order, for which OpenSSL derives nothing */
function agree(privateKey: KeyObject, theirs: Uint8Array): Buffer | undefined {
  try {
    return diffieHellman({ privateKey, publicKey: x25519PublicKey(theirs) })
  } catch {
    return undefined
  }
}

const rawPublicKey = (key: KeyObject): Buffer =>
  Buffer.from(key.export({ format: 'jwk' }).x as string, 'base64url')
