// One client of a storm: seals its initiation, and answers the one that the gateway sends back.
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  randomBytes,
} from 'node:crypto'
import { stampMac1 } from './parts.mjs'

/** The messages of the WireGuard paper, sections 5.4.2 and 5.4.3. */
const INITIATION_LENGTH = 148
const [EPHEMERAL, STATIC, TIMESTAMP, MAC1] = [8, 40, 88, 116]

const chain = hash(Buffer.from('Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s'))
const named = hash(chain, Buffer.from('WireGuard v1 zx2c4 Jason@zx2c4.com'))
const noPresharedKey = Buffer.alloc(32)

export class StormClient {
  /** @param {Buffer} gateway its public key */
  constructor(gateway) {
    const pair = generateKeyPairSync('x25519')
    this.publicKey = rawOf(pair.publicKey)
    this.privateKey = pair.privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32)
    this.own = pair.privateKey
    this.gateway = gateway
    // What an answer takes can be made before the storm, which is the gateway's to weather.
    this.shared = agree(pair.privateKey, keyOf(gateway))
    this.ephemeral = generateKeyPairSync('x25519')
    this.ephemeralPublic = rawOf(this.ephemeral.publicKey)
    this.ephemeralShared = agree(this.ephemeral.privateKey, keyOf(gateway))
  }

  /**
   * The answer to the gateway's initiation; `undefined` when the message is none.
   *
   * @param {Buffer} message
   */
  answer(message) {
    if (message.length !== INITIATION_LENGTH || message[0] !== 1) return undefined
    const theirs = message.subarray(EPHEMERAL, STATIC)
    const theirKey = keyOf(theirs)
    let transcript = hash(hash(named, this.publicKey), theirs)
    let key = kdf(chain, theirs, 1)[0]
    const open = (secret, sealed) => {
      const [next, opener] = kdf(key, secret, 2)
      key = next
      decrypt(opener, sealed, transcript)
      transcript = hash(transcript, sealed)
    }
    open(agree(this.own, theirKey), message.subarray(STATIC, TIMESTAMP))
    open(this.shared, message.subarray(TIMESTAMP, MAC1))
    transcript = hash(transcript, this.ephemeralPublic)
    key = kdf(key, this.ephemeralPublic, 1)[0]
    key = kdf(key, agree(this.ephemeral.privateKey, theirKey), 1)[0]
    key = kdf(key, this.ephemeralShared, 1)[0]
    const [, mixed, sealer] = kdf(key, noPresharedKey, 3)
    transcript = hash(transcript, mixed)
    const nothing = encryptNothing(sealer, transcript)
    const head = Buffer.from([2, 0, 0, 0])
    const indices = [randomBytes(4), message.subarray(4, 8)]
    const body = Buffer.concat([head, ...indices, this.ephemeralPublic, nothing])
    return stampMac1(body, this.gateway.toString('base64'))
  }
}

/** @param {...Uint8Array} parts */
function hash(...parts) {
  const blake = createHash('blake2s256')
  for (const part of parts) blake.update(part)
  return blake.digest()
}

function hmac(key, ...parts) {
  const keyed = createHmac('blake2s256', key)
  for (const part of parts) keyed.update(part)
  return keyed.digest()
}

/** HKDF with an empty info, section 5.4. */
function kdf(key, input, count) {
  const secret = hmac(key, input)
  const outputs = []
  let last = Buffer.alloc(0)
  for (let at = 1; at <= count; at++) {
    last = hmac(secret, last, Buffer.of(at))
    outputs.push(last)
  }
  return outputs
}

function rawOf(publicKey) {
  return publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)
}

function keyOf(bytes) {
  const x = Buffer.from(bytes).toString('base64url')
  return createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x }, format: 'jwk' })
}

function agree(privateKey, theirs) {
  return diffieHellman({ privateKey, publicKey: theirs })
}

const options = { authTagLength: 16 }

function decrypt(key, sealed, authenticated) {
  const cipher = createDecipheriv('chacha20-poly1305', key, Buffer.alloc(12), options)
  const end = sealed.length - 16
  cipher.setAAD(authenticated, { plaintextLength: end })
  cipher.setAuthTag(sealed.subarray(end))
  cipher.update(sealed.subarray(0, end))
  cipher.final()
}

function encryptNothing(key, authenticated) {
  const cipher = createCipheriv('chacha20-poly1305', key, Buffer.alloc(12), options)
  cipher.setAAD(authenticated, { plaintextLength: 0 })
  cipher.final()
  return cipher.getAuthTag()
}
