import { createConnection } from 'node:net'
import { open } from 'wgctrl'
import { encodeSet, ReplyParser, toPeer, toUserspaceDevice } from '../codecs.mjs'

/** @returns {Promise<import('wgctrl').WireGuard>} */
export function openClient() {
  return open({ backends: ['userspace'] })
}

/** A loop that only moves the bytes of a device: chunks from a socket, of which nothing is decoded. */
export async function bareReader(/** @type {string} */ device) {
  /** @param {(chunk: Buffer) => void} [keep] */
  const read = (keep) =>
    new Promise((resolve, reject) => {
      const callback = (/** @type {number} */ length, /** @type {Uint8Array} */ buffer) => {
        keep?.(Buffer.from(buffer.buffer, buffer.byteOffset, length))
        // The reply ends at the blank line; the daemon keeps the connection.
        if (buffer[length - 1] === 10 && buffer[length - 2] === 10) socket.destroy()
        return true
      }
      const socket = createConnection({
        path: `/var/run/wireguard/${device}.sock`,
        onread: { buffer: Buffer.allocUnsafeSlow(65_536), callback },
      })
      socket.on('error', reject)
      socket.on('close', resolve)
      socket.write('get=1\n\n')
    })
  return { read: () => read(), readInto: read, close: async () => {} }
}

/**
 * Decodes a recorded reply as `device()` does.
 *
 * @param {Buffer[]} chunks
 */
export function decodeRecorded(chunks) {
  const parser = new ReplyParser()
  const peers = []
  for (const chunk of chunks) {
    for (const peer of parser.push(chunk)) peers.push(toPeer(peer, parser.device))
  }
  return toUserspaceDevice('recorded', parser, peers).peers.length
}

/** @param {import('@wgctrl/types').CheckedConfig} config */
export const encode = (config) => encodeSet(config)

let devices = 0
export const nextDevice = () => devices++

/** Ends the daemon: it holds 17 KB for each peer. */
export async function discard(
  /** @type {import('wgctrl').WireGuard} */ wg,
  /** @type {string} */ device,
) {
  await wg.delete(device)
}
