import { describe, expect, it } from 'vitest'
import { NetlinkError } from '../errors.js'
import { recordings } from '../vectors.fixture.js'
import { decodeMessages, MessageCursor } from './message.js'

const NOOP = '10000000' + '0100' + '0500' + '07000000' + '2a000000'

describe('decodeMessages', () => {
  it('reads a header', () => {
    expect(decodeMessages(Buffer.from(NOOP, 'hex'))).toStrictEqual([
      { type: 1, flags: 5, sequence: 7, port: 42, payload: Buffer.alloc(0) },
    ])
  })

  it('walks several messages over their padding', () => {
    const odd = '11000000' + '2200' + '0200' + '01000000' + '00000000' + 'ff' + '000000'
    const messages = decodeMessages(Buffer.from(odd + NOOP, 'hex'))
    expect(messages.map(({ type, payload }) => [type, payload.length])).toEqual([
      [34, 1],
      [1, 0],
    ])
  })

  it('takes a last message without its padding', () => {
    const odd = Buffer.from('11000000' + '2200' + '0200' + '01000000' + '00000000' + 'ff', 'hex')
    expect(decodeMessages(odd)).toHaveLength(1)
  })

  it.each([
    ['a length below the header', `0f000000${NOOP.slice(8)}`, 0],
    ['a length of zero', `00000000${NOOP.slice(8)}`, 0],
    ['a length past the end', `11000000${NOOP.slice(8)}`, 0],
    ['half a header behind a message', `${NOOP}10000000`, 16],
  ])('refuses %s', (_name, hex, offset) => {
    const decode = () => decodeMessages(Buffer.from(hex, 'hex'))
    expect(decode).toThrow(NetlinkError)
    expect(decode).toThrow(expect.objectContaining({ code: 'EPROTO', offset }))
  })

  it('gives messages or a typed error for every truncation of what a kernel sent', () => {
    let refused = 0
    for (const { replies } of recordings().values()) {
      for (const reply of replies) {
        for (let length = 0; length < reply.length; length += reply.length > 1000 ? 37 : 1) {
          try {
            for (const { payload } of decodeMessages(reply.subarray(0, length))) {
              expect(payload.length).toBeLessThan(length)
            }
          } catch (error) {
            expect(error).toMatchObject({ name: 'NetlinkError', code: 'EPROTO' })
            refused++
          }
        }
      }
    }
    expect(refused).toBeGreaterThan(1000)
  })
})

describe('MessageCursor', () => {
  it('stops at the given length, not at that of the buffer', () => {
    const buffer = Buffer.concat([Buffer.from(NOOP, 'hex'), Buffer.alloc(100)])
    const cursor = new MessageCursor().reset(buffer, 16)
    expect(cursor.next()).toBe(true)
    expect(cursor).toMatchObject({ offset: 0, type: 1, start: 16, end: 16 })
    expect(cursor.next()).toBe(false)
  })
})
