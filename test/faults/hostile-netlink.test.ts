import {
  type AttributeSet,
  attributeSet,
  decode,
  decodeMessages,
  type Field,
  KernelBackend,
  NETLINK,
  nest,
  Rtnl,
} from '@wgctrl/netlink'
import { attr, message, nested, text } from '@wgctrl/netlink/testing'
import { LIMITS } from '@wgctrl/types'
import { describe, expect, it } from 'vitest'
import { failure, firstPeer } from '../contract/bench.js'
import { framed, fuzzedTransport } from '../fuzz/targets/fuzzed-kernel.js'
import { recordedReplies } from '../fuzz/targets/recordings.js'
import { type Answer, deviceMessage, endlessTransport } from './endless-transport.js'

const backendOf = (answer: Answer): KernelBackend =>
  new KernelBackend({ openTransport: (protocol) => endlessTransport(answer, protocol) })

const ifname = attr(2, text('wg0'))
const key = (n: number): Buffer => {
  const bytes = Buffer.alloc(32)
  bytes.writeUInt32LE(n + 1)
  return bytes
}
const allowedIp = nested(
  0,
  attr(1, Buffer.from([2, 0])),
  attr(2, Buffer.from([10, 0, 0, 1])),
  attr(3, Buffer.from([32])),
)

/** A bound far above what is needed and far below what an endless answer would take. */
const MOST_MEMORY = 512 * 2 ** 20

async function withinMemory<T>(body: () => Promise<T>): Promise<T> {
  const before = process.memoryUsage.rss()
  const result = await body()
  expect(process.memoryUsage.rss() - before).toBeLessThan(MOST_MEMORY)
  return result
}

describe('netlink that is hostile', () => {
  it('nests without end: EPROTO', () => {
    const fields: Record<string, Field> = {}
    const self: AttributeSet = attributeSet('self', fields)
    Object.assign(self.table, attributeSet('self', { self: nest(1, self) }).table)
    let bytes: Buffer = Buffer.alloc(0)
    while (bytes.length < 65_000) bytes = nested(1, bytes)
    expect(() => decode(self, bytes)).toThrow(expect.objectContaining({ code: 'EPROTO' }))
  })

  it('has lengths that lie, each in turn: a value or an error of ours', async () => {
    let refused = 0
    for (const reply of recordedReplies()) {
      for (let at = 0; at + 2 <= Math.min(reply.length, 192); at += 2) {
        for (const length of [0, 3, 5, reply.length, 0xffff]) {
          const changed = Uint8Array.from(reply)
          changed.set([length & 255, length >> 8], at)
          const input = Uint8Array.from(framed(changed))
          const openTransport = (protocol: number) => fuzzedTransport(input, protocol)
          await using backend = new KernelBackend({ openTransport })
          const outcome = await backend.device('wg0').catch((error) => error)
          if (!(outcome instanceof Error)) continue
          expect(outcome).toMatchObject({ code: expect.any(String), operation: 'device' })
          refused++
        }
      }
    }
    expect(refused).toBeGreaterThan(1000)
  })

  it('has attributes of no length: EPROTO, not a loop', async () => {
    const header = Buffer.from([0, 0, 8, 0])
    for (const length of [0, 1, 2, 3]) {
      header.writeUInt16LE(length)
      await using backend = backendOf((_, sequence) => deviceMessage(sequence, ifname, header))
      expect(await failure(backend.device('wg0'))).toMatchObject({ code: 'EPROTO' })
    }
  })

  it.each([0, 4, 15, 0xffff_fff0, 0xffff_ffff])(
    'says a message has %d bytes: EPROTO',
    async (length) => {
      const bytes = message(34, 2, 1)
      bytes.writeUInt32LE(length)
      expect(() => decodeMessages(bytes)).toThrow(expect.objectContaining({ code: 'EPROTO' }))
      await using backend = backendOf((_, sequence) => {
        const bytes = deviceMessage(sequence, ifname)
        bytes.writeUInt32LE(length)
        return bytes
      })
      await withinMemory(async () => {
        expect(await failure(backend.device('wg0'))).toMatchObject({ code: 'EPROTO' })
      })
    },
  )

  it('dumps without end and without progress: EPROTO', async () => {
    await using backend = backendOf((_, sequence) => deviceMessage(sequence, ifname))
    expect(await failure(backend.device('wg0'))).toMatchObject({ code: 'EPROTO' })
    expect(await failure(firstPeer(backend.peers('wg0')))).toMatchObject({ code: 'EPROTO' })
  })

  it('lists peers without end: EPROTO when there are more than a device can have', async () => {
    const perMessage = 800
    const peers = Array.from({ length: perMessage }, (_, n) => nested(0, attr(1, key(n))))
    const nest = nested(8, ...peers)
    let sent = 0
    await using backend = backendOf((_, sequence) => {
      sent += perMessage
      return deviceMessage(sequence, ifname, nest)
    })
    await withinMemory(async () => {
      let seen = 0
      const read = async (): Promise<void> => {
        for await (const _ of backend.peers('wg0')) seen++
      }
      expect(await failure(read())).toMatchObject({ code: 'EPROTO' })
      expect(seen).toBeGreaterThan(LIMITS.peers - 2 * perMessage)
      expect(sent).toBeLessThan(LIMITS.peers + 4 * perMessage)
    })
  })

  it('repeats one peer without end: EPROTO', async () => {
    const list = nested(9, ...new Array(2000).fill(allowedIp))
    const peer = nested(8, nested(0, attr(1, key(1)), list))
    await using backend = backendOf((_, sequence) => deviceMessage(sequence, ifname, peer))
    await withinMemory(async () => {
      expect(await failure(firstPeer(backend.peers('wg0')))).toMatchObject({ code: 'EPROTO' })
    })
    expect(await failure(backend.device('wg0'))).toMatchObject({ code: 'EPROTO' })
  })

  it('answers with the end of nothing for ever: the deadline ends it', async () => {
    const noop = (sequence: number): Buffer => message(1, 2, sequence)
    await using backend = backendOf((n, sequence) =>
      n === 0 ? deviceMessage(sequence, ifname) : noop(sequence),
    )
    const error = await failure(backend.device('wg0', { timeout: 200 }))
    expect(error).toMatchObject({ code: 'ETIMEDOUT', operation: 'device' })
  })

  it('answers other requests for ever: EPROTO', async () => {
    await using backend = backendOf((_, sequence) => message(34, 2, sequence + 1))
    expect(await failure(backend.device('wg0'))).toMatchObject({ code: 'EPROTO' })
  })

  it('lists links without end: EPROTO', async () => {
    let datagram: Buffer | undefined
    await using rtnl = new Rtnl(
      endlessTransport((_, sequence) => {
        if (datagram) return datagram
        const attributes = [attr(3, text('lo')), attr(99, Buffer.alloc(30_000))]
        const link = message(16, 2, sequence, Buffer.alloc(16), ...attributes)
        datagram = Buffer.concat([link, link])
        return datagram
      }, NETLINK.route),
    )
    const before = process.memoryUsage().arrayBuffers
    expect(await failure(rtnl.links())).toMatchObject({ code: 'EPROTO' })
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 30)
  })

  it('is torn for ever: EINTR', async () => {
    await using backend = backendOf((_, sequence) => {
      const torn = deviceMessage(sequence, ifname)
      torn.writeUInt16LE(0x12, 6)
      return torn
    })
    expect(await failure(backend.device('wg0'))).toMatchObject({ code: 'EINTR' })
  })
})
