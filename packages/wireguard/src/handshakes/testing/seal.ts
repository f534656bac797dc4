import {
  createCipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto'
import { type KeyInput, type PublicKey, publicKey, SecretKey } from '@wgctrl/types'
import { blake2s } from '../blake2s.js'

const hash = (...parts: Uint8Array[]): Buffer =>
  createHash('blake2s256').update(Buffer.concat(parts)).digest()
const hmac = (key: Uint8Array, ...parts: Uint8Array[]): Buffer =>
  createHmac('blake2s256', key).update(Buffer.concat(parts)).digest()

/**
 * The first message of a handshake, as an initiator writes it: for tests, which need more of them than
 * devices can be started, and wrong ones. Written from the paper's section 5.4.2 on its own, so that it
 * shares no mistake with the responder.
 */
export function sealInitiation(
  privateKey: KeyInput,
  responder: PublicKey,
  at: Date = new Date(),
  type: number = 1,
): Buffer {
  const to = Buffer.from(responder, 'base64')
  const own = Buffer.from(publicKey(privateKey), 'base64')
  const ephemeral = generateKeyPairSync('x25519')
  const ephemeralPublic = ephemeral.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)

  let chain = hash(Buffer.from('Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s'))
  let transcript = hash(chain, Buffer.from('WireGuard v1 zx2c4 Jason@zx2c4.com'))
  transcript = hash(transcript, to)
  chain = hmac(hmac(chain, ephemeralPublic), Buffer.of(1))
  transcript = hash(transcript, ephemeralPublic)

  const sealWith = (secret: Buffer, plain: Uint8Array): Buffer => {
    const extracted = hmac(chain, secret)
    chain = hmac(extracted, Buffer.of(1))
    const sealed = seal(hmac(extracted, chain, Buffer.of(2)), plain, transcript)
    transcript = hash(transcript, sealed)
    return sealed
  }
  const sealedStatic = sealWith(agree(ephemeral.privateKey, to), own)
  const sealedTimestamp = sealWith(agree(toKey(privateKey), to), tai64n(at))

  const header = Buffer.alloc(4)
  header.writeUInt32LE(type)
  const index = randomBytes(4)
  return stampMac1(
    Buffer.concat([header, index, ephemeralPublic, sealedStatic, sealedTimestamp]),
    responder,
  )
}

/** A message as AmneziaWG sends it: behind bytes at random, of which the first 12 are the nonce when it is encrypted. */
export function disguised(message: Uint8Array, padding: number, key?: Uint8Array): Buffer {
  const before = randomBytes(padding)
  if (!key) return Buffer.concat([before, message])
  const start = Buffer.concat([Buffer.alloc(4), before.subarray(0, 12)])
  return Buffer.concat([before, createCipheriv('chacha20', key, start).update(message)])
}

/** Puts a right mac1 and an empty mac2 behind 116 bytes, whatever they are. */
export function stampMac1(body: Uint8Array, responder: PublicKey): Buffer {
  const key = hash(Buffer.from('mac1----'), Buffer.from(responder, 'base64'))
  return Buffer.concat([body, blake2s(body, key, 16), Buffer.alloc(16)])
}

function seal(key: Buffer, plain: Uint8Array, authenticated: Buffer): Buffer {
  const cipher = createCipheriv('chacha20-poly1305', key, Buffer.alloc(12), { authTagLength: 16 })
  cipher.setAAD(authenticated, { plaintextLength: plain.length })
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

function tai64n(at: Date): Buffer {
  const bytes = Buffer.alloc(12)
  bytes.writeBigUInt64BE(2n ** 62n + 10n + BigInt(Math.floor(at.getTime() / 1000)))
  bytes.writeUInt32BE((at.getTime() % 1000) * 1e6, 8)
  return bytes
}

function agree(privateKey: KeyObject, theirs: Uint8Array): Buffer {
  const der = Buffer.concat([Buffer.from('302a300506032b656e032100', 'hex'), theirs])
  const key = createPublicKey({ key: der, format: 'der', type: 'spki' })
  return diffieHellman({ privateKey, publicKey: key })
}

function toKey(input: KeyInput): KeyObject {
  const prefix = Buffer.from('302e020100300506032b656e04220420', 'hex')
  const der = Buffer.concat([prefix, SecretKey.from(input).toBytes()])
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
}
