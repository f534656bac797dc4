import { describe, expect, it } from 'vitest'
import { type Expression, NFT_MSG } from '../specs/nftables.js'
import { answer, attr, done, fakeTransport, message, nested, text } from '../testing/index.js'
import { changeRequest, type TableChange } from './changes.js'
import { decodeExpressions, encodeExpressions } from './expressions.js'
import { Nftables } from './nftables.js'
import { decodeComment, encodeComment } from './userdata.js'

const be32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

/** nfgenmsg of a family. */
const header = (family: number): Buffer => Buffer.from([family, 0, 0, 0])

/** Answers a dump with payloads. */
const dumping = (type: number, ...payloads: Buffer[]): Nftables =>
  new Nftables(
    fakeTransport((request) => [
      ...payloads.map((payload) => message(type, 2, request.readUInt32LE(8), payload)),
      done(request),
    ]),
  )

describe('Nftables', () => {
  it('lists tables by family and name', async () => {
    const table = (family: number, name: string) =>
      Buffer.concat([header(family), attr(1, text(name)), attr(2, be32(0))])
    const nftables = dumping(NFT_MSG.newtable, table(2, 'a'), table(1, 'b'), table(10, 'c'))
    expect(await nftables.tables()).toEqual([
      { family: 'ip', table: 'a' },
      { family: 'inet', table: 'b' },
      { family: 'ip6', table: 'c' },
    ])
  })

  it('lists chains, with hook, priority and policy where they have them', async () => {
    const base = [
      nested(4, attr(1, be32(2)), attr(2, be32(-300))),
      attr(5, be32(0)),
      attr(7, text('filter')),
    ]
    const names = [attr(1, text('t')), attr(3, text('c'))]
    const nftables = dumping(
      NFT_MSG.newchain,
      Buffer.concat([header(1), ...names, ...base]),
      Buffer.concat([header(1), ...names]),
    )
    const chain = { family: 'inet', table: 't', chain: 'c' }
    const hook = { type: 'filter', hook: 'forward', priority: -300, policy: 'drop' }
    expect(await nftables.chains()).toEqual([{ ...chain, base: hook }, chain])
  })

  it('lists the rules of one table, with comments, and expressions that it does not know by name', async () => {
    const rule = (table: string, ...more: Buffer[]) =>
      Buffer.concat([header(2), attr(1, text(table)), attr(2, text('c')), ...more])
    const nftables = dumping(
      NFT_MSG.newrule,
      rule('t', nested(4, nested(1, attr(1, text('quota')), nested(2, attr(1, be32(1)))))),
      rule('other'),
      rule('t', attr(7, Buffer.from('0003686900', 'hex'))),
    )
    const place = { family: 'ip', table: 't', chain: 'c' }
    expect(await nftables.rules({ family: 'ip', table: 't' })).toEqual([
      { ...place, expressions: [{ name: 'quota' }] },
      { ...place, expressions: [], comment: 'hi' },
    ])
  })

  it.each([
    ['without nf_tables', 22, 'EUNSUPPORTED'],
    ['that refuses', 1, 'EPERM'],
  ])('asks a kernel %s for its generation', async (_kernel, errno, code) => {
    const nftables = new Nftables(fakeTransport((request) => [answer(request, errno)]))
    await expect(nftables.generation()).rejects.toMatchObject({ code })
  })
})

describe('changes', () => {
  const ref = { family: 'ip', table: 't' }
  const meta = { name: 'meta', data: {} }

  it.each<[string, object | null]>([
    ['changes[0].change', null],
    ['changes[0].change', { change: 'drop-table', ...ref }],
    ['changes[0].family', { change: 'add-table', family: 'ipv4', table: 't' }],
    ['changes[0].table', { change: 'add-table', family: 'ip' }],
    ['changes[0].exclusiv', { change: 'add-table', exclusiv: true, ...ref }],
    ['changes[0].exclusive', { change: 'add-table', exclusive: 1, ...ref }],
    ['changes[0].base.hook', { change: 'add-chain', ...ref, chain: 'c', base: { hook: 'x' } }],
    ['changes[0].base.type', { change: 'add-chain', ...ref, chain: 'c', base: { hook: 'input' } }],
    ['table-attrs.name', { change: 'delete-table', family: 'ip', table: 7 }],
    ['expressions[0].name', { change: 'add-rule', ...ref, chain: 'c', expressions: [{}] }],
    [
      'expressions[0].data.reg',
      { change: 'add-rule', ...ref, chain: 'c', expressions: [{ ...meta, data: { reg: 1 } }] },
    ],
    [
      'expr-meta-attrs.key',
      { change: 'add-rule', ...ref, chain: 'c', expressions: [{ ...meta, data: { key: -1 } }] },
    ],
  ])('names %s, before anything is sent, in %j', async (path, change) => {
    const transport = fakeTransport(() => [])
    const refused = new Nftables(transport).apply([change as TableChange])
    await expect(refused).rejects.toMatchObject({ code: 'EINVAL', path })
    expect(transport.requests).toEqual([])
  })

  it('reads of no table whose name is missing or of no family', async () => {
    const nftables = new Nftables(fakeTransport(() => []))
    const rules = nftables.rules({ family: 'ipv4' as 'ip' })
    await expect(rules).rejects.toMatchObject({ code: 'EINVAL', path: 'ref.family' })
    const elements = nftables.elements({ family: 'ip', table: 't' } as never)
    await expect(elements).rejects.toMatchObject({ code: 'EINVAL', path: 'ref.set' })
  })

  it('refuses a priority that is no number of 32 bits', () => {
    const base = { type: 'filter', hook: 'input', priority: 2 ** 31 } as const
    const change = { change: 'add-chain', family: 'ip', table: 't', chain: 'c', base } as const
    expect(() => changeRequest(change)).toThrow(
      expect.objectContaining({ code: 'EINVAL', path: 'priority' }),
    )
  })
})

describe('expressions', () => {
  it('come back as they went', () => {
    const expressions: Expression[] = [
      { name: 'meta', data: { key: 3, dreg: 1 } },
      { name: 'cmp', data: { sreg: 1, op: 1, data: { value: Uint8Array.of(1, 2) } } },
      { name: 'counter', data: { bytes: 1n << 40n, packets: 7n } },
      { name: 'immediate', data: { dreg: 0, data: { verdict: { code: 0 } } } },
    ]
    expect(decodeExpressions(encodeExpressions(expressions))).toEqual(expressions)
  })

  it('are refused when they are no attributes', () => {
    expect(() => decodeExpressions(Buffer.from('0500', 'hex'))).toThrow(
      expect.objectContaining({ code: 'EPROTO' }),
    )
  })
})

describe('comments', () => {
  it('are of userdata the part of their type', () => {
    expect(Buffer.from(encodeComment('hi')).toString('hex')).toBe('0003686900')
    expect(decodeComment(Buffer.from('0101ff0003686900', 'hex'))).toBe('hi')
    expect(decodeComment(Buffer.from('0101ff', 'hex'))).toBeUndefined()
    expect(decodeComment(encodeComment('é'.repeat(127)))).toBe('é'.repeat(127))
    expect(() => encodeComment('a'.repeat(255))).toThrow(
      expect.objectContaining({ code: 'EINVAL', path: 'comment' }),
    )
  })
})
