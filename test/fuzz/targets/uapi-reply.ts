import { inspect } from 'node:util'
import { ReplyParser } from '@wgctrl/uapi'
import { toDevice, toPeer } from '../../../packages/uapi/src/map/device.js'
import type { Target } from '../engine/fuzzer.js'
import { bytes, hold } from './text.js'

const key = 'f025eb99021a22aef33150acfc1a08811764f9ba16d6c1b99c40d1df4eb4cf4f'

/** Replies of a UAPI socket, whole and byte by byte: where they are cut makes no difference. */
export const uapiReply: Target = {
  name: 'uapi-reply',
  words: [
    '\n',
    '\n\n',
    '=',
    'errno=0\n\n',
    'private_key=',
    'own_public_key=',
    'listen_port=',
    'fwmark=',
    'public_key=',
    'preshared_key=',
    'endpoint=',
    'persistent_keepalive_interval=',
    'last_handshake_time_sec=',
    'last_handshake_time_nsec=',
    'rx_bytes=',
    'tx_bytes=',
    'allowed_ip=',
    'protocol_version=',
    key,
    `public_key=${key}\n`,
    '127.0.0.1:1',
    '[fe80::1]:1',
    '-',
    '0',
    '9'.repeat(20),
  ],
  seeds: () =>
    bytes(
      'errno=0\n\n',
      'errno=-22\n\n',
      `private_key=${key}\nlisten_port=51820\nfwmark=1\nerrno=0\n\n`,
      `own_public_key=${key}\npublic_key=${key}\nerrno=0\n\n`,
      `public_key=${key}\npreshared_key=${key}\nprotocol_version=1\nendpoint=[fe80::1]:51820\n` +
        'last_handshake_time_sec=1\nlast_handshake_time_nsec=2\ntx_bytes=3\nrx_bytes=4\n' +
        'persistent_keepalive_interval=5\nallowed_ip=10.0.0.0/24\nallowed_ip=fd00::/64\nunknown=1\nerrno=0\n\n',
    ),
  run(input) {
    const whole = outcome([input])
    const split = outcome(Array.from(input, (byte) => Uint8Array.of(byte)))
    hold(whole === split, `the same reply however it is cut: ${whole} and ${split}`)
  },
}

/** All that a reply says, as text, or the code of the error. */
function outcome(chunks: Uint8Array[]): string {
  const parser = new ReplyParser()
  try {
    const peers = chunks.flatMap((chunk) => parser.push(chunk))
    parser.end()
    const found = peers.map((peer) => toPeer(peer, parser.device))
    return inspect(toDevice('wg0', parser, found), { depth: null, maxArrayLength: null })
  } catch (error) {
    const { code, line } = error as { code?: string; line?: number }
    if (code === undefined) throw error
    return `${code} in line ${line}`
  } finally {
    parser.wipe()
  }
}
