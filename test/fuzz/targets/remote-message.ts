import { inspect } from 'node:util'
import { invalid, SecretKey } from '@wgctrl/types'
import { Assembly, wipe } from '../../../packages/wireguard/src/remote/assembly.js'
import { FrameReader } from '../../../packages/wireguard/src/remote/frame.js'
import { GREETING, KIND } from '../../../packages/wireguard/src/remote/message.js'
import { framesOf } from '../../../packages/wireguard/src/remote/outgoing.js'
import type { Target } from '../engine/fuzzer.js'
import { bytes, hold } from './text.js'

const KEY = SecretKey.from(new Uint8Array(32).fill(7))
const MOST_BYTES = 2 ** 24

const writing = {
  secrets: true,
  functionId: () => 1,
  signalId: () => 1,
}

const seedOf = (...messages: (readonly unknown[])[]): Uint8Array =>
  Buffer.concat(messages.flatMap((message) => [...framesOf(message, writing)]))

/** What one side of a connection sends, whole and byte by byte: frames, the values in them, lists in pieces. */
export const remoteMessage: Target = {
  name: 'remote-message',
  words: [
    '\0\0\0\x01',
    '\0\0\0\x10',
    '\0\x10\0\0',
    '\x93',
    '\x94',
    '\x80',
    '\x81',
    '\xc0',
    '\xdc\0\x41',
    '\xdd\xff\xff\xff\xff',
    '\xc7\x20\0',
    '\xc7\x08\x05\0\0\0\0\0\0\0\x41',
    '\xd7\x02',
    '\xc7\x01\x03\x31',
    '\xa9__proto__',
    'peers',
    'wg0',
  ],
  seeds: () => [
    ...bytes('', '\0\0\0\0', 'GET / HTTP/1.1\r\n\r\n'),
    seedOf([KIND.hello, 0, GREETING, 1, {}]),
    seedOf([KIND.call, 1, 'device', ['wg0', { maxAge: 1.5, secrets: true }], 0]),
    seedOf([KIND.call, 2, 'configure', ['wg0', { privateKey: KEY }], 0]),
    seedOf([KIND.call, 3, 'up', [{ hooks: { postUp: [() => {}] } }, {}], 0]),
    seedOf([KIND.answer, 4, { at: new Date(0), big: 2n ** 63n, bytes: Uint8Array.of(1, 2) }]),
    seedOf([KIND.fail, 5, invalid('peers[0]', 'no'), AbortSignal.abort()]),
    seedOf([KIND.answer, 6, Array.from({ length: 70 }, (_, at) => at)], [KIND.cut, 0]),
    seedOf([KIND.pull, 7, 256], [KIND.ping, 0], [KIND.end, 7]),
  ],
  run(input) {
    const whole = outcome([input])
    const split = outcome(Array.from(input, (byte) => Uint8Array.of(byte)))
    hold(whole === split, `the same however it is cut: ${whole} and ${split}`)
  },
}

const never = new AbortController().signal
const functionOf = () => () => {}
const signalOf = () => never

/** All messages, as text, and the code of the error that ended them. */
function outcome(chunks: readonly Uint8Array[]): string {
  const frames = new FrameReader()
  const said: string[] = []
  const assembly = new Assembly({ functionOf, signalOf }, MOST_BYTES, (head) => {
    said.push(`head ${head.kind}`)
  })
  try {
    for (const chunk of chunks) {
      frames.push(Uint8Array.from(chunk), (frame) => {
        const message = assembly.take(frame)
        if (!message) return
        said.push(inspect(message, { depth: null, maxArrayLength: null, breakLength: 1000 }))
        wipe(message.secrets)
      })
    }
  } catch (error) {
    const { code } = error as { code?: string }
    if (code !== 'EPROTO') throw error
    said.push(code)
  } finally {
    frames.clear()
    assembly.clear()
  }
  return said.join('\n')
}
