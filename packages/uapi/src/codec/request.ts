import {
  AMNEZIA_FIELDS,
  type CheckedAmnezia,
  type CheckedConfig,
  type CheckedPeer,
  formatEndpoint,
} from '@wgctrl/types'
import { encodeHexKey } from './hex.js'

/** Large enough that a chunk is a good write, small enough that making one is no pause. */
const CHUNK_BYTES = 64 * 1024

/** No line is longer: the longest holds a key, or an endpoint with the name of a link. */
const LONGEST_LINE = 256

/** A peer has fewer lines than this besides its allowed IPs. */
const PEER_LINES = 16

/** The request for everything that a device has. */
export function encodeGet(): Uint8Array {
  return Buffer.from('get=1\n\n')
}

/**
 * The request that applies `config`, in chunks. A chunk is the caller's to zero once it is sent, as it
 * may hold secrets. A set stops at the first line that is refused: what a daemon may refuse of a good config, the
 * port, the mark and a scope, stands before what it takes.
 *
 * @param onSent told how many peers were written when the chunk that has them was taken and sent
 * @source https://www.wireguard.com/xplatform/#configuration-protocol
 */
export function* encodeSet(
  config: CheckedConfig,
  onSent?: (peers: number) => void,
): Generator<Uint8Array, void, undefined> {
  const writer = new LineWriter()
  writer.line('set', '1')
  if (config.listenPort !== undefined) writer.line('listen_port', config.listenPort)
  if (config.firewallMark !== undefined) writer.line('fwmark', config.firewallMark)
  if (config.amnezia) writeAmnezia(writer, config.amnezia)
  for (const [key, value] of config.extra ?? []) writer.longLine(key, value)
  if (config.privateKey) writer.key('private_key', config.privateKey)
  if (config.replacePeers) writer.line('replace_peers', 'true')
  let peers = 0
  for (const peer of config.peers) {
    writePeer(writer, peer)
    for (const { text, remove } of peer.allowedIPs) {
      if (writer.isFull) yield writer.nextChunk()
      writer.line('allowed_ip', remove ? `-${text}` : text)
    }
    peers++
    if (!writer.isFull) continue
    yield writer.nextChunk()
    onSent?.(peers)
  }
  writer.end()
  yield writer.chunk
}

function writePeer(writer: LineWriter, peer: CheckedPeer): void {
  writer.publicKey('public_key', peer.publicKey)
  if (peer.remove) writer.line('remove', 'true')
  if (peer.updateOnly) writer.line('update_only', 'true')
  if (peer.endpoint) writer.line('endpoint', formatEndpoint(peer.endpoint))
  if (peer.presharedKey) writer.key('preshared_key', peer.presharedKey)
  const keepalive = peer.persistentKeepaliveRange ?? peer.persistentKeepalive
  if (keepalive !== undefined) writer.line('persistent_keepalive_interval', keepalive)
  for (const [key, value] of peer.extra ?? []) writer.longLine(key, value)
  if (peer.replaceAllowedIPs) writer.line('replace_allowed_ips', 'true')
}

function writeAmnezia(writer: LineWriter, amnezia: CheckedAmnezia): void {
  for (const { name, key } of AMNEZIA_FIELDS) {
    const value = amnezia[name]
    if (value instanceof Uint8Array) writer.key(key, value)
    else if (value !== undefined) {
      writer.longLine(key, `${typeof value === 'boolean' ? Number(value) : value}`)
    }
  }
}

/** Collects lines into chunks. */
class LineWriter {
  #bytes = Buffer.allocUnsafeSlow(CHUNK_BYTES + PEER_LINES * LONGEST_LINE)
  #length = 0
  readonly #scratch = Buffer.alloc(32)

  get isFull(): boolean {
    return this.#length >= CHUNK_BYTES
  }

  /** UTF-8, in which no character but the newline itself has the newline's byte. */
  line(key: string, value: string | number): void {
    this.#length += this.#bytes.write(`${key}=${value}\n`, this.#length, 'utf8')
  }

  /** One that may have more than {@link LONGEST_LINE} bytes. What was written before may hold secrets. */
  longLine(key: string, value: string): void {
    const free = this.#bytes.length - this.#length - PEER_LINES * LONGEST_LINE
    const needed = key.length + Buffer.byteLength(value) + 2
    if (needed > free) {
      const before = this.#bytes
      this.#bytes = Buffer.allocUnsafeSlow(before.length + needed)
      before.copy(this.#bytes, 0, 0, this.#length)
      before.fill(0)
    }
    this.line(key, value)
  }

  publicKey(key: string, base64: string): void {
    this.#scratch.write(base64, 'base64')
    this.key(key, this.#scratch)
  }

  /** From bytes to bytes: the text of a secret never becomes a string, which nobody could wipe. */
  key(key: string, value: Uint8Array): void {
    this.#length += this.#bytes.write(`${key}=`, this.#length, 'latin1')
    encodeHexKey(value, this.#bytes, this.#length)
    this.#length += 64
    this.end()
  }

  end(): void {
    this.#bytes[this.#length++] = 10
  }

  /** What was written since the last chunk. */
  get chunk(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  /** Hands out the chunk and begins another: the one before may still be on its way. */
  nextChunk(): Uint8Array {
    const { chunk } = this
    this.#bytes = Buffer.allocUnsafeSlow(this.#bytes.length)
    this.#length = 0
    return chunk
  }
}
