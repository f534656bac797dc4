import { inspect } from 'node:util'
import { GreetingReader } from '../../../packages/wireguard/src/dbus/codec/greeting.js'
import { MessageReader } from '../../../packages/wireguard/src/dbus/codec/message.js'
import { bytesOf, recorded } from '../../../packages/wireguard/src/dbus/codec/messages.fixture.js'
import type { Target } from '../engine/fuzzer.js'
import { hold } from './text.js'

const GREETED = 'DATA\r\nOK 7e4d03d6cc261b1a28d96de66b0b7b09\r\n'

/** What a message bus says, whole and byte by byte: a greeting, then messages of values of any type. */
export const dbusMessage: Target = {
  name: 'dbus-message',
  words: [
    'l\x02\x01\x01',
    'B\x02\x01\x01',
    '\x08\x01g\0',
    '\x05\x01u\0',
    '\x04\x01s\0',
    'a{sv}',
    'a(iay)',
    'ybnqiuxtdsogvh',
    'aaaa',
    '((',
    '\x01v\0',
    'OK 7e\r\n',
    'DATA\r\n',
    'REJECTED EXTERNAL\r\n',
  ],
  seeds: () =>
    [
      GREETED,
      ...Object.values(recorded).map((message) => GREETED + message),
      `${GREETED}l\x02\0\x01\x10\0\0\0\x01\0\0\0\x0b\0\0\0\x08\x01g\0\x05a{sv}\0\0\0\0\0\0\x0a\0\0\0\0\0\0\0\x01\0\0\0a\0\x01y\0\x07`,
    ].map(bytesOf),
  run(input) {
    const whole = outcome([input])
    const split = outcome(Array.from(input, (byte) => Uint8Array.of(byte)))
    hold(whole === split, `the same however it is cut: ${whole} and ${split}`)
  },
}

/** All messages, as text, and the code of the error that ended them. */
function outcome(chunks: readonly Uint8Array[]): string {
  const greeting = new GreetingReader()
  const reader = new MessageReader()
  const said: string[] = []
  let isIn = false
  try {
    for (const chunk of chunks) {
      const rest = isIn ? chunk : greeting.push(chunk)
      if (rest === undefined) continue
      isIn = true
      for (const message of reader.push(rest)) said.push(inspect(message, { depth: null }))
    }
  } catch (error) {
    const { code } = error as { code?: string }
    if (code !== 'EPROTO' && code !== 'EPERM') throw error
    said.push(code)
  }
  return said.join('\n')
}
