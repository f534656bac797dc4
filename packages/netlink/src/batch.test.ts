import { describe, expect, it } from 'vitest'
import { NLM_F } from './codec/message.js'
import { Connection } from './connection.js'
import { changeRequest, type TableChange } from './nftables/changes.js'
import { Nftables } from './nftables/nftables.js'
import { NFNL_SUBSYS } from './specs/nfnetlink.js'
import { NFT_MSG } from './specs/nftables.js'
import {
  answer,
  attr,
  batchKernel,
  fakeTransport,
  type KernelFunction,
  messagesOf,
  u32,
} from './testing/index.js'

const connect = (kernel: KernelFunction) => {
  const transport = fakeTransport(kernel)
  return { transport, nftables: new Nftables(transport) }
}

const ref = { family: 'ip', table: 't' } as const
const changes: TableChange[] = [
  { change: 'delete-table', ...ref },
  { change: 'add-table', exclusive: true, ...ref },
  { change: 'add-chain', chain: 'c', ...ref },
]

describe('a batch', () => {
  it('is one datagram between a begin and an end, whose last change alone is acknowledged', async () => {
    const { transport, nftables } = connect(batchKernel({}))
    await nftables.apply(changes)
    await nftables.apply(changes)
    const [first = [], second = []] = transport.requests.map(messagesOf)
    const shown = first.map((message) => [
      message.readUInt16LE(4),
      message.readUInt16LE(6),
      message.readUInt32LE(8),
    ])
    const { request, ack, exclusive, create } = NLM_F
    expect(shown).toEqual([
      [0x10, request, 1],
      [NFT_MSG.deltable, request, 2],
      [NFT_MSG.newtable, request | exclusive, 3],
      [NFT_MSG.newchain, request | create | ack, 4],
      [0x11, request, 5],
    ])
    expect(second.map((message) => message.readUInt32LE(8))).toEqual([6, 7, 8, 9, 10])
    // The subsystem, nftables, in network byte order behind family and version.
    for (const border of [first[0], first[4]]) {
      expect(border?.subarray(16).toString('hex')).toBe('0000000a')
    }
  })

  it('names the first change that was refused, and the attribute', async () => {
    const kernel: KernelFunction = (request) =>
      [2, 3].map((at) => answer(messagesOf(request)[at] as Buffer, 17, attr(2, u32(20))))
    await expect(connect(kernel).nftables.apply(changes)).rejects.toMatchObject({
      name: 'BatchError',
      code: 'EEXIST',
      index: 1,
      message: /^add table ip t: .*table-attrs\.name.*EEXIST/,
      extendedAck: { path: 'table-attrs.name' },
    })
  })

  it.each([
    ['whoever may not', 1, 'EPERM'],
    ['a kernel without the subsystem', 95, 'EOPNOTSUPP'],
    ['a commit that fails', 12, 'ENOMEM'],
  ])('is refused as a whole: %s', async (_who, errno, code) => {
    const refused = connect(batchKernel({ [-1]: errno })).nftables.apply(changes)
    await expect(refused).rejects.toMatchObject({ name: 'BatchError', code, index: undefined })
  })

  it('fails when nothing answers', async () => {
    const refused = connect(() => []).nftables.apply(changes)
    await expect(refused).rejects.toMatchObject({ code: 'EPROTO' })
  })

  it('is not sent when its signal has fired, nor when there is nothing in it', async () => {
    const { transport, nftables } = connect(batchKernel({}))
    const refused = nftables.apply(changes, { signal: AbortSignal.abort() })
    await expect(refused).rejects.toMatchObject({ name: 'AbortError' })
    await nftables.apply([])
    expect(transport.requests).toEqual([])
  })

  it('takes no answer for its own that is to something else', async () => {
    const transport = fakeTransport((request) => {
      const [begin = request] = messagesOf(request)
      const foreign = answer(begin, 1)
      foreign.writeUInt32LE(99, 8)
      return [foreign, ...batchKernel({})(request)]
    })
    const connection = new Connection(transport)
    await connection.batch(changes.map(changeRequest), NFNL_SUBSYS.nftables)
    expect(connection.foreignMessages).toBe(1)
  })
})
