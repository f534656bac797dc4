import { describe, expect, it } from 'vitest'
import { linkAttributes } from '../specs/rt-link.js'
import { wgDevice } from '../specs/wireguard.js'
import { recording } from '../vectors.fixture.js'
import { attributePath } from './attribute-path.js'
import { encode } from './encode.js'
import { type Acknowledgement, decodeDone, decodeError } from './extended-ack.js'
import { MessageCursor } from './message.js'
import { Writer } from './writer.js'

const answerTo = (label: string, set: typeof wgDevice | typeof linkAttributes = wgDevice) => {
  const { request, replies } = recording(label)
  const cursor = new MessageCursor().reset(replies[0] as Buffer)
  cursor.next()
  const start = set.name === 'wgdevice' ? 20 : 32
  return decodeError(cursor.bytes, cursor.start, cursor.end, cursor.flags, {
    bytes: request,
    set,
    start,
  } as never)
}

describe('decodeError, of a real kernel', () => {
  it.each<[string, Acknowledgement]>([
    ['set ok', { error: 0 }],
    ['set nope', { error: -19 }],
    ['get lo', { error: -95 }],
    [
      'bad port length',
      {
        error: -22,
        extendedAck: {
          message: 'invalid attribute length',
          offset: 28,
          path: 'wgdevice.listen-port',
          allowed: '0 to 65535',
        },
      },
    ],
    [
      'short key',
      {
        error: -34,
        extendedAck: {
          message: 'binary attribute size out of range',
          offset: 28,
          path: 'wgdevice.private-key',
          allowed: '32 bytes',
        },
      },
    ],
    [
      'unknown attr',
      {
        error: -22,
        extendedAck: { message: 'Unknown attribute type', offset: 28, path: 'wgdevice.77' },
      },
    ],
    ['remove-me', { error: -22 }],
  ])('%s', (label, expected) => {
    expect(answerTo(label)).toStrictEqual(expected)
  })

  it.each([
    ['newlink no kind', { error: -95, extendedAck: { message: 'Unknown device type' } }],
    ['setlink mtu', { error: -22, extendedAck: { message: 'mtu less than device minimum' } }],
  ])('%s', (label, expected) => {
    expect(answerTo(label, linkAttributes)).toStrictEqual(expected)
  })

  it('gives a value or a typed error for every truncation', () => {
    const { replies } = recording('bad port length')
    const [reply] = replies as [Buffer]
    let values = 0
    for (let end = 16; end <= reply.length; end++) {
      try {
        expect(decodeError(reply, 16, end, 0x300).error).toBe(-22)
        values++
      } catch (error) {
        expect(error).toMatchObject({ name: 'NetlinkError', code: 'EPROTO' })
      }
    }
    expect(values).toBeGreaterThan(0)
  })
})

describe('decodeError', () => {
  /** errno -22, a capped header, then the attributes. */
  const error = (attributes: string): Buffer =>
    Buffer.from(`eaffffff${'00'.repeat(16)}${attributes}`, 'hex')

  it('skips the payload that is echoed when it is not capped', () => {
    const echoed = `eaffffff14000000${'00'.repeat(12)}deadbeef0600010061000000`
    const bytes = Buffer.from(echoed, 'hex')
    expect(decodeError(bytes, 0, bytes.length, 0x200).extendedAck).toEqual({ message: 'a' })
  })

  it('names a missing attribute, at the top and in a nest', () => {
    const writer = new Writer()
    encode(wgDevice, { ifname: 'wg0', peers: [{}, { flags: 1 }] }, writer)
    const request = { bytes: writer.view(), set: wgDevice, start: 0 }
    const top = error('08000500' + '02000000')
    expect(decodeError(top, 0, top.length, 0x300, request).extendedAck).toEqual({
      missing: 'wgdevice.ifname',
    })
    const inPeer = error('08000500' + '01000000' + '08000600' + '10000000')
    expect(decodeError(inPeer, 0, inPeer.length, 0x300, request).extendedAck).toEqual({
      missing: 'wgdevice.peers[1].public-key',
    })
  })

  it('keeps a cookie', () => {
    const bytes = error('06000300' + 'abcd0000')
    expect(decodeError(bytes, 0, bytes.length, 0x300)).toEqual({
      error: -22,
      cookie: Uint8Array.of(0xab, 0xcd),
    })
  })
})

describe('decodeDone', () => {
  it.each([
    ['success', '00000000', 0, { error: 0 }],
    ['no payload', '', 0, { error: 0 }],
    ['an errno', 'eaffffff', 0, { error: -22 }],
    ['a positive number, which is none', '05000000', 0, { error: 0 }],
    [
      'a text',
      'eaffffff' + '06000100' + '61000000',
      0x200,
      { error: -22, extendedAck: { message: 'a' } },
    ],
  ])('reads %s', (_name, hex, flags, expected) => {
    const bytes = Buffer.from(hex, 'hex')
    expect(decodeDone(bytes, 0, bytes.length, flags)).toEqual(expected)
  })
})

describe('attributePath', () => {
  const writer = new Writer()
  const allowedip = { family: 2, ipaddr: new Uint8Array(4), cidrMask: 33 }
  encode(
    wgDevice,
    { ifname: 'wg0', peers: [{ flags: 0 }, { allowedips: [{}, allowedip] }] },
    writer,
  )
  const bytes = writer.view()
  const path = (offset: number) => attributePath(wgDevice, bytes, 0, bytes.length, offset)

  it('names every attribute by the offset of its header', () => {
    const names = new Set<string | undefined>()
    for (let offset = 0; offset < bytes.length; offset += 4) names.add(path(offset))
    expect([...names]).toEqual([
      'wgdevice.ifname',
      'wgdevice.peers',
      'wgdevice.peers[0]',
      'wgdevice.peers[0].flags',
      'wgdevice.peers[1]',
      'wgdevice.peers[1].allowedips',
      'wgdevice.peers[1].allowedips[0]',
      'wgdevice.peers[1].allowedips[1]',
      'wgdevice.peers[1].allowedips[1].family',
      'wgdevice.peers[1].allowedips[1].ipaddr',
      'wgdevice.peers[1].allowedips[1].cidr-mask',
    ])
  })

  it('does not know an offset outside', () => {
    expect(path(bytes.length)).toBeUndefined()
    expect(path(1_000_000)).toBeUndefined()
  })
})
