import { unknownAttributes } from '@wgctrl/netlink'
import {
  answer,
  attr,
  done,
  type FakeTransport,
  fakeTransport,
  type KernelFunction,
  message,
  nested,
  s32,
  text,
  u8,
  u16,
  u32,
  u64,
} from '@wgctrl/netlink/testing'
import { describe, expect, it } from 'vitest'
import { EXAMPLE } from '../example.fixture.js'
import { openFamily } from '../open-family.js'
import { readSpec } from '../spec/read-spec.js'
import type { Family, Notification, Values } from './family.js'

const spec = readSpec(EXAMPLE)

/** struct header: family, ex-kind, two bytes of padding, name. */
const header = (kind = 9, name = -2) => [u8(2), u8(kind), u16(0), s32(name)]
const READ_HEADER = { exFamily: 2, exKind: 'odd', headerName: -2 }

/** An interface, as they are made for whole headers: it has no index signature. */
interface SetMessage {
  readonly name?: string | undefined
}

async function withKernel(kernel: KernelFunction): Promise<[Family, FakeTransport]> {
  const transport = fakeTransport(kernel)
  return [await openFamily(spec, { openTransport: () => transport }), transport]
}

/** What is read from attributes of the set `main`. */
async function read(...attributes: Uint8Array[]): Promise<Values> {
  const [family] = await withKernel((request) => [
    message(20, 0, request.readUInt32LE(8), u8(2), u8(9), u16(0), s32(-2), ...attributes),
    answer(request, 0),
  ])
  const { exFamily, exKind: _, headerName, ...rest } = (await family.do('get-it')) as Values
  expect({ exFamily, headerName }).toEqual({ exFamily: 2, headerName: -2 })
  return rest
}

/** The bytes of attributes of the set `main`, behind the headers. */
async function written(request: object): Promise<Buffer> {
  const [family, { requests }] = await withKernel((each) => [answer(each, 0)])
  await family.do('set-it', request)
  return (requests[0] as Buffer).subarray(24)
}

const both: [string, Values, Uint8Array][] = [
  ['a string', { name: 'grün' }, attr(1, text('grün'))],
  ['a number with a sign', { level: -3 }, attr(2, u8(253))],
  ['network byte order', { port: 51820 }, attr(3, Buffer.from([0xca, 0x6c]))],
  ['64 bits', { wide: 2n ** 63n }, attr(4, u64(2n ** 63n))],
  ['a number in four bytes', { auto: 7n }, attr(5, u32(7))],
  ['the same in eight', { auto: 2n ** 40n }, attr(5, u64(2n ** 40n))],
  ['the same with a sign', { autoSigned: -1n }, attr(6, u32(0xffffffff))],
  ['an enum without a name for it', { kind: 77 }, attr(7, u32(77))],
  ['flags', { bits: ['up', 4, 'far'] }, attr(8, u32(0x105))],
  ['an enum as flags', { kinds: ['plain', 'last', 2 ** 40] }, attr(9, u64(0x100_0000_0420n))],
  ['no flags', { bits: [] }, attr(8, u32(0))],
  ['a bit field', { field: { value: ['up'], selector: ['up', 'down'] } }, attr(10, u32(1), u32(3))],
  ['a flag', { present: true }, attr(11)],
  ['bytes', { blob: Uint8Array.of(1, 2, 3, 4) }, attr(12, Buffer.from([1, 2, 3, 4]))],
  ['an address', { ip: '192.0.2.1' }, attr(13, Buffer.from([192, 0, 2, 1]))],
  [
    'an address of IPv6',
    { ip: '2001:db8::1' },
    attr(13, Buffer.from('20010db8000000000000000000000001', 'hex')),
  ],
  ['bytes that are no address', { ip: Uint8Array.of(1) }, attr(13, u8(1))],
  ['an address in a number', { ipNumber: '192.0.2.1' }, attr(14, Buffer.from([192, 0, 2, 1]))],
  [
    'a UUID',
    { id: '00112233-4455-6677-8899-aabbccddeeff' },
    attr(15, Buffer.from('00112233445566778899aabbccddeeff', 'hex')),
  ],
  [
    'a struct within a struct',
    { outer: { count: 5n, inner: { port: 443, mac: '02:00:00:00:00:01' }, flags: ['plain'] } },
    attr(16, u64(5n), Buffer.from([1, 0xbb, 2, 0, 0, 0, 0, 1]), u8(32)),
  ],
  ['an array', { shorts: [-1, 2] }, attr(17, u16(0xffff), u16(2))],
  ['a nest', { main: { main: { name: 'x' } } }, nested(19, nested(19, attr(1, text('x'))))],
  [
    'an attribute that stands twice',
    { twice: [{ level: 1 }, { level: 100 }] },
    Buffer.concat([nested(20, attr(2, u8(1))), nested(20, attr(2, u8(100)))]),
  ],
  [
    'an array of nests',
    { list: [{ name: 'a' }, { name: 'b' }] },
    nested(21, nested(0, attr(1, text('a'))), nested(1, attr(1, text('b')))),
  ],
  ['an array of numbers', { numbers: [8, 9] }, nested(22, attr(0, u32(8)), attr(1, u32(9)))],
  [
    'numbers in the types of nests',
    { deep: { outerId: 3, innerId: 300, name: 'z' } },
    nested(23, nested(3, nested(300, attr(1, text('z'))))),
  ],
  [
    'a sub-message with a header',
    { form: 'whole', data: { port: 1, mac: '00:00:00:00:00:02', name: 'in' } },
    Buffer.concat([
      attr(40, text('whole')),
      nested(41, Buffer.from([0, 1, 0, 0, 0, 0, 0, 2]), attr(1, text('in'))),
    ]),
  ],
  [
    'a sub-message of nothing',
    { form: 'none', data: {} },
    Buffer.concat([attr(40, text('none')), nested(41)]),
  ],
  [
    'a sub-message whose form stands in the set around it',
    { form: 'bare', stats: { data: { port: 2, mac: '00:00:00:00:00:00' } } },
    Buffer.concat([
      attr(40, text('bare')),
      nested(42, nested(1, Buffer.from([0, 2, 0, 0, 0, 0, 0, 0]))),
    ]),
  ],
  [
    'a sub-message that the spec does not know, as bytes',
    { form: 'other', data: Uint8Array.of(1, 2, 3, 4) },
    Buffer.concat([attr(40, text('other')), nested(41, Buffer.from([1, 2, 3, 4]))]),
  ],
]

describe('Family, values on the wire', () => {
  it.each(both)('reads and writes %s', async (_, values, bytes) => {
    expect(await read(bytes)).toEqual(values)
    expect((await written(values)).toString('hex')).toBe(Buffer.from(bytes).toString('hex'))
  })

  it('calls a member of the header by another name where an attribute has its own', async () => {
    const [family, { requests }] = await withKernel((request) => [answer(request, 0)])
    await family.do('set-it', { exFamily: 2, kind: 'odd', headerName: -2, name: 'eth0' })
    const bytes = (requests[0] as Buffer).subarray(16)
    expect(bytes).toEqual(
      Buffer.concat([u8(2), u8(0), u16(0), s32(-2), attr(7, u32(9)), attr(1, text('eth0'))]),
    )
  })

  it('passes over padding, and keeps what the spec does not know', async () => {
    const { main } = await read(nested(19, attr(18, u32(0)), attr(99, u8(5)), attr(2, u8(1))))
    expect(main).toEqual({ level: 1 })
    expect(unknownAttributes(main as object)).toEqual([{ type: 99, payload: Uint8Array.of(5) }])
  })

  it('reads members that a struct of an older kernel lacks as zero', async () => {
    expect(await read(attr(16, u64(1n)))).toEqual({
      outer: { count: 1n, inner: { port: 0, mac: '00:00:00:00:00:00' }, flags: [] },
    })
  })

  it('gives values that stay when the next message is read', async () => {
    const [family] = await withKernel((request) => [
      message(20, 2, request.readUInt32LE(8), ...header(), attr(12, Buffer.from([1, 1, 1, 1]))),
      message(20, 2, request.readUInt32LE(8), ...header(), attr(12, Buffer.from([2, 2, 2, 2]))),
      done(request),
    ])
    const found = await family.dump('get-it').toArray()
    expect(found.map((each) => each['blob'])).toEqual([
      Uint8Array.of(1, 1, 1, 1),
      Uint8Array.of(2, 2, 2, 2),
    ])
  })

  it('refuses bytes whose lengths lie', async () => {
    await expect(read(Buffer.from([3, 0, 1, 0]))).rejects.toMatchObject({ code: 'EPROTO' })
    await expect(read(Buffer.from([90, 0, 1, 0]))).rejects.toMatchObject({ code: 'EPROTO' })
    await expect(read(attr(4, u32(1)))).rejects.toMatchObject({
      code: 'EPROTO',
      message: /main\.wide: 4 bytes/,
    })
    await expect(read(attr(5, u32(1), u16(1)))).rejects.toMatchObject({ code: 'EPROTO' })
    await expect(read(nested(22, attr(0, u8(1))))).rejects.toMatchObject({ code: 'EPROTO' })
  })

  it('refuses a message that nests without end, and reads the next', async () => {
    let bytes: Buffer = attr(2, u8(1))
    for (let depth = 0; depth < 100; depth++) bytes = nested(19, bytes)
    await expect(read(bytes)).rejects.toMatchObject({ code: 'EPROTO', message: /nested deeper/ })
    expect(await read(nested(19, attr(2, u8(1))))).toEqual({ main: { level: 1 } })
  })

  it('refuses a header that is cut short', async () => {
    const [family] = await withKernel((request) => [
      message(20, 0, request.readUInt32LE(8), u8(2)),
      answer(request, 0),
    ])
    await expect(family.do('get-it')).rejects.toMatchObject({ code: 'EPROTO', message: /header/ })
  })
})

describe('Family, values that are refused before anything is sent', () => {
  it.each<[string, object]>([
    ['set-it.nam', { nam: 'x' }],
    ['set-it.name', { name: 1 }],
    ['set-it.name', { name: 'a\0b' }],
    ['set-it.name', { name: '12345678' }],
    ['set-it.level', { level: 128 }],
    ['set-it.level', { level: -4 }],
    ['set-it.level', { level: 'high' }],
    ['set-it.limited', { limited: 0x10000 }],
    ['set-it.wide', { wide: -1n }],
    ['set-it.wide', { wide: 1.5 }],
    ['set-it.auto', { auto: 2n ** 64n }],
    ['set-it.kind', { kind: 'sad' }],
    ['set-it.bits[1]', { bits: ['up', 'left'] }],
    ['set-it.field', { field: 1 }],
    ['set-it.field.selector', { field: { value: ['up'] } }],
    ['set-it.present', { present: 1 }],
    ['set-it.blob', { blob: Uint8Array.of(1) }],
    ['set-it.blob', { blob: 'text' }],
    ['set-it.ip', { ip: 'text' }],
    ['set-it.outer.inner.port', { outer: { inner: { port: 70000 } } }],
    ['set-it.outer.other', { outer: { other: 1 } }],
    ['set-it.shorts[1]', { shorts: [1, 40000] }],
    ['set-it.main', { main: [] }],
    ['set-it.main.main.level', { main: { main: { level: 'x' } } }],
    ['set-it.twice', { twice: {} }],
    ['set-it.list[1].name', { list: [{ name: 'a' }, { name: 2 }] }],
    ['set-it.deep.outerId', { deep: { name: 'a' } }],
    ['set-it.data', { form: 'other', data: {} }],
    ['set-it.data.name', { form: 'bare', data: { name: 'x' } }],
    ['set-it.exFamily', { exFamily: 256 }],
    ['set-it.blob', { name: 'x'.repeat(7), blob: new Uint8Array(70_000) }],
  ])('%s', async (path, request) => {
    const [family, { requests }] = await withKernel((each) => [answer(each, 0)])
    await expect(family.do('set-it', request)).rejects.toMatchObject({ code: 'EINVAL', path })
    expect(requests).toEqual([])
  })

  it('names operations, flags and groups that the spec does not have', async () => {
    const [family] = await withKernel((each) => [answer(each, 0)])
    const problem = { code: 'EINVAL' }
    await expect(family.do('fly')).rejects.toMatchObject({ ...problem, message: /get-it, set-it/ })
    expect(() => family.dump('set-it')).toThrow(/no dump "set-it"; there are get-it/)
    await expect(family.do('set-it', {}, { flags: ['new' as 'create'] })).rejects.toMatchObject({
      ...problem,
      path: 'options.flags[0]',
    })
    await expect(family.subscribe(['ex-nothing'])).rejects.toMatchObject({
      ...problem,
      path: 'groups[0]',
      message: /ex-link, nameless/,
    })
    await expect(family.subscribe(['nameless'])).rejects.toMatchObject(problem)
  })
})

describe('Family, conversations', () => {
  it('sends numbers and flags of an operation', async () => {
    const [family, { requests }] = await withKernel((request) => [answer(request, 0)])
    expect(await family.do('set-it', {}, { flags: ['create', 'exclusive'] })).toBeUndefined()
    const [request] = requests as [Buffer]
    expect(request.readUInt16LE(4)).toBe(23)
    expect(request.readUInt16LE(6)).toBe(0x1 | 0x4 | 0x400 | 0x200)
  })

  it('passes over messages of other operations', async () => {
    const [family] = await withKernel((request) => [
      message(33, 0, request.readUInt32LE(8), ...header()),
      message(20, 0, request.readUInt32LE(8), ...header()),
      answer(request, 0),
    ])
    expect(await family.do('get-it')).toEqual(READ_HEADER)
  })

  it('gives several messages to who asks for all', async () => {
    const [family] = await withKernel((request) => [
      message(20, 2, request.readUInt32LE(8), ...header(), attr(2, u8(1))),
      message(20, 2, request.readUInt32LE(8), ...header(), attr(2, u8(2))),
      done(request),
    ])
    await expect(family.do('get-it')).rejects.toMatchObject({ code: 'EPROTO', message: /doAll/ })
    expect((await family.doAll('get-it')).map(({ level }) => level)).toEqual([1, 2])
  })

  it("tells the kernel's refusal with the attribute that it names", async () => {
    const [family] = await withKernel((request) => {
      const offset = attr(2, u32(16 + 8 + 4))
      return [answer(request, 22, attr(1, text('out of range')), offset)]
    })
    await expect(family.do('set-it', { main: { level: 1 } })).rejects.toMatchObject({
      code: 'EINVAL',
      extendedAck: { message: 'out of range', path: 'main.main.level' },
    })
  })

  it('makes a dump anew that was torn, and says so of one that is read as it comes', async () => {
    let torn = true
    const [family, { requests }] = await withKernel((request) => {
      const flags = torn ? 0x2 | 0x10 : 0x2
      return [message(20, flags, request.readUInt32LE(8), ...header()), done(request)]
    })
    const read = async () => {
      const found = []
      for await (const each of family.dump('get-it')) found.push(each)
      return found
    }
    await expect(read()).rejects.toMatchObject({ code: 'EINTR' })
    await expect(family.dump('get-it').toArray()).rejects.toMatchObject({ code: 'EINTR' })
    expect(requests.length).toBe(9)
    torn = false
    expect(await read()).toEqual([READ_HEADER])
    expect(await family.dump('get-it').toArray()).toEqual([READ_HEADER])
  })

  it('throws what a dump ends with, and what is wrong with its request, when it is read', async () => {
    const [family] = await withKernel((request) => [done(request, 95)])
    await expect(family.dump('get-it').toArray()).rejects.toMatchObject({ code: 'EOPNOTSUPP' })
    const wrong = family.dump('get-it', { level: 'x' })
    await expect(wrong.toArray()).rejects.toMatchObject({ path: 'get-it.level' })
  })

  it('ends with its signal', async () => {
    const [family] = await withKernel((request) => [answer(request, 0)])
    const signal = AbortSignal.abort()
    await expect(family.do('get-it', {}, { signal })).rejects.toMatchObject({ name: 'AbortError' })
    const dump = family.dump('get-it', {}, { signal })
    await expect(dump.toArray()).rejects.toMatchObject({ name: 'AbortError' })
    const heard = family.subscribe<Notification<'set-ntf', SetMessage>>(['ex-link'], { signal })
    await expect(heard).rejects.toMatchObject({ name: 'AbortError' })
  })

  it('refuses calls when it was closed, and closes its sockets', async () => {
    const [family, transport] = await withKernel((request) => [answer(request, 0)])
    await family.do('get-it')
    await family.close()
    expect(transport.closed).toBe(true)
    await expect(family.do('get-it')).rejects.toMatchObject({ code: 'ECLOSED' })
  })
})

const GENERIC = `
name: small
attribute-sets:
  - { name: all, attributes: [ { name: a, type: u32 } ] }
operations:
  list:
    - { name: get, doc: One., attribute-set: all, do: { request: { attributes: [ a ] } } }
mcast-groups: { list: [ { name: news } ] }
`

describe('Family, generic netlink', () => {
  /** A kernel whose family has another number each time that it is asked for. */
  function reloading() {
    let id = 30
    const kernel: KernelFunction = (request) => {
      const sequence = request.readUInt32LE(8)
      if (request.readUInt16LE(4) === 0x10) {
        const known = [attr(2, text('small')), attr(1, u16(id)), attr(3, u32(4))]
        return [message(0x10, 0, sequence, u8(1), u8(2), u16(0), ...known), answer(request, 0)]
      }
      if (request.readUInt16LE(4) !== id) return [answer(request, 2)]
      const payload = request.subarray(20)
      return [message(id, 0, sequence, u8(1), u8(4), u16(0), payload), answer(request, 0)]
    }
    const reload = () => {
      id++
    }
    return { kernel, reload }
  }

  it('asks for the number of the family, and again when its module was loaded anew', async () => {
    const { kernel, reload } = reloading()
    const transport = fakeTransport(kernel)
    const family = await openFamily(readSpec(GENERIC), { openTransport: () => transport })
    expect(await family.do('get', { a: 1 })).toEqual({ a: 1 })
    reload()
    expect(await family.do('get', { a: 2 })).toEqual({ a: 2 })
    const last = transport.requests.at(-1) as Buffer
    expect([last.readUInt16LE(4), last[16], last[17]]).toEqual([31, 1, 4])
  })

  it('says of a family or group that the kernel does not have so', async () => {
    const none = fakeTransport((request) => [answer(request, 2)])
    await expect(
      openFamily(readSpec(GENERIC), { openTransport: () => none }),
    ).rejects.toMatchObject({ code: 'ENOENT', message: /no generic netlink family small/ })
    expect(none.closed).toBe(true)
    const transport = fakeTransport(reloading().kernel)
    const family = await openFamily(readSpec(GENERIC), { openTransport: () => transport })
    await expect(family.subscribe(['news'])).rejects.toMatchObject({
      code: 'EUNSUPPORTED',
      feature: 'news',
    })
  })
})
