import { describe, expect, it } from 'vitest'
import { GreetingReader } from './greeting.js'
import { encodeCall, MessageReader } from './message.js'
import { bytesOf, recorded } from './messages.fixture.js'
import { WireReader } from './wire-reader.js'
import { WireWriter } from './wire-writer.js'

const bus = { destination: 'org.freedesktop.DBus', path: '/org/freedesktop/DBus' }

/** Of hexadecimal digits, with spaces wherever they help. */
const hex = (text: string): Uint8Array => Buffer.from(text.replaceAll(' ', ''), 'hex')

describe('a call', () => {
  it('is byte by byte what resolvectl sends', () => {
    const hello = { ...bus, interface: 'org.freedesktop.DBus', member: 'Hello' }
    expect(encodeCall(hello, 1)).toEqual(Uint8Array.from(bytesOf(recorded.hello)))
    const call = {
      destination: 'org.freedesktop.resolve1',
      path: '/org/freedesktop/resolve1',
      interface: 'org.freedesktop.resolve1.Manager',
      member: 'SetLinkDefaultRoute',
      signature: 'ib',
      write: (body: WireWriter) => body.uint32(3).uint32(1),
    }
    expect(encodeCall(call, 2)).toEqual(Uint8Array.from(bytesOf(recorded.setLinkDefaultRoute)))
  })

  it('counts in the length of an array what is in it, and not what brings it to its place', () => {
    const body = new WireWriter().uint32(7).array(8, [1, 2], (each) => void each)
    expect(body.finish()).toEqual(Uint8Array.from(hex('07000000 00000000')))
    const pairs = new WireWriter().array(8, [1, 2], (each) => new WireWriter().byte(each))
    expect(pairs.finish()).toEqual(Uint8Array.from(hex('00000000 00000000')))
    const bytes = new WireWriter().byte(9)
    bytes.array(8, [1, 2], (each) => bytes.byte(each))
    expect(bytes.finish()).toEqual(Uint8Array.from(hex('09000000 09000000 01 00000000000000 02')))
  })

  it('reads back as it was written', () => {
    const body = new WireWriter().uint32(3)
    body.array(8, [{ name: 'ä', bytes: [1, 2] }], ({ name, bytes }) => {
      body.string(name).array(1, bytes, (each) => body.byte(each))
    })
    expect(new WireReader(body.finish(), true).read('ua(say)')).toEqual([3, [['ä', [1, 2]]]])
  })
})

describe('what comes', () => {
  const stream = bytesOf(recorded.helloReply + recorded.nameAcquired + recorded.emptyReply)
  const messages = [
    { type: 2, replySerial: 1, errorName: '', body: [':1.7'] },
    { type: 4, replySerial: 0, errorName: '', body: [':1.7'] },
    { type: 2, replySerial: 2, errorName: '', body: [] },
  ]

  it('is the same wherever it is cut', () => {
    for (let at = 0; at <= stream.length; at++) {
      const reader = new MessageReader()
      const found = [stream.subarray(0, at), stream.subarray(at)].flatMap((each) => [
        ...reader.push(each),
      ])
      expect(found).toEqual(messages)
    }
  })

  it('can be in big endian, an error with its name', () => {
    const fields = '04 01 73 00 00000003 612e62 00 05 01 75 00 00000009 08 01 67 00 01 73 00'
    const error = hex(
      // The name ends at 12, so that the next field begins at 16.
      `42030001 00000007 00000005 0000001f ${fields.replace('00 05', '00 00000000 05')} 00 00000002 6e6f00`,
    )
    expect([...new MessageReader().push(error)]).toEqual([
      { type: 3, replySerial: 9, errorName: 'a.b', body: ['no'] },
    ])
  })

  it.each([
    ['no message', '00010001 00000000 00000001 00000000'],
    ['of another version', '6c010002 00000000 00000001 00000000'],
    ['longer than anything that was asked for', '6c010001 00000000 00000001 00000010'],
    ['with a body that is too long', '6c010001 00000010 00000001 00000000'],
    [
      'with a field that is longer than the header',
      '6c020001 00000000 01000000 08000000 01016f00ff000000',
    ],
    [
      'that answers to a text',
      '6c020001 00000000 01000000 0b000000 05017300 02000000 616200 0000000000',
    ],
  ])('is refused: %s', (_name, text) => {
    const bytes = hex(text)
    expect(() => [...new MessageReader().push(bytes)]).toThrow(
      expect.objectContaining({ code: 'EPROTO' }),
    )
  })
})

describe('a value', () => {
  const read = (signature: string, text: string, isLittle = true) =>
    new WireReader(hex(text), isLittle).read(signature)

  it.each([
    ['y', 'ff', 255],
    ['b', '01000000', true],
    ['n', 'feff', -2],
    ['q', 'feff', 65_534],
    ['i', 'feffffff', -2],
    ['u', 'feffffff', 4_294_967_294],
    ['h', '01000000', 1],
    ['x', 'feffffffffffffff', -2n],
    ['t', 'feffffffffffffff', 18_446_744_073_709_551_614n],
    ['d', '000000000000f83f', 1.5],
    ['s', '02000000 c3a4 00', 'ä'],
    ['o', '01000000 2f 00', '/'],
    ['g', '02 6179 00', 'ay'],
    ['v', '01 79 00 07', 7],
    ['ay', '02000000 0102', [1, 2]],
    ['at', '00000000 00000000', []],
    ['a{sv}', '0a000000 00000000 01000000 6100 0179 00 07', [['a', 7]]],
    ['(y(nx))', '01 00000000000000 feff 000000000000 0300000000000000', [1, [-2, 3n]]],
  ])('of the type %s', (signature, text, value) => {
    expect(read(signature, text)).toEqual([value])
  })

  it('of two bytes and more is the other way round in big endian', () => {
    const bytes = 'fffe 0000 fffffffd 0000000000000004'
    expect(read('nix', bytes, false)).toEqual([-2, -3, 4n])
  })

  it.each([
    ['a type that is none', 'z', '00'],
    ['an array of nothing', 'a', '00000000'],
    ['a struct of nothing', '()', '00'],
    ['a struct without an end', '(y', '00'],
    ['a value beyond the end', 'u', '0000'],
    ['a text without its NUL', 's', '02000000 616263'],
    ['a text with another NUL', 's', '02000000 6100 00'],
    ['a text that is no UTF-8', 's', '01000000 ff 00'],
    ['a variant of two', 'v', '02 7979 00 0101'],
    ['a variant of nothing', 'v', '00 00'],
    ['an array beyond the end', 'ay', 'ffffffff 01'],
    ['an element beyond its array', 'an', '01000000 0102'],
    ['variants within variants', 'v', '01 76 00'.repeat(80)],
    ['arrays within arrays', `${'a'.repeat(200)}y`, '00000000'],
  ])('is refused: %s', (_name, signature, text) => {
    expect(() => read(signature, text)).toThrow(expect.objectContaining({ code: 'EPROTO' }))
  })
})

describe('a greeting', () => {
  it('is over with OK, wherever it is cut', () => {
    const said = bytesOf(`DATA\r\nOK 7e4d03d6cc261b1a28d96de66b0b7b09\r\n${recorded.helloReply}`)
    for (let at = 0; at <= 12; at++) {
      const reader = new GreetingReader()
      const [first, second] = [reader.push(said.subarray(0, at)), reader.push(said.subarray(at))]
      expect(first).toBeUndefined()
      expect(Buffer.from(second ?? []).toString('latin1')).toBe(recorded.helloReply)
    }
  })

  it.each([
    ['REJECTED EXTERNAL\r\n', 'EPERM'],
    ['ERROR "Unknown command"\r\n', 'EPERM'],
    ['HTTP/1.1 400 Bad Request\r\n', 'EPROTO'],
    ['O'.repeat(1000), 'EPROTO'],
  ])('can be a refusal, or none: %s', (text, code) => {
    expect(() => new GreetingReader().push(bytesOf(text))).toThrow(
      expect.objectContaining({ code }),
    )
  })
})
