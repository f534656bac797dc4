import { createSocket } from 'node:dgram'
import { readdirSync } from 'node:fs'
import { openPacketReader, type PacketReader } from '@wgctrl/netlink'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  initiationFilter,
  LONGEST_PACKET,
} from '../../packages/wireguard/src/handshakes/initiation-filter.js'
import { parseUdpPacket } from '../../packages/wireguard/src/handshakes/packet.js'
import { ip, isolate } from '../contract/harnesses/isolation.js'
import { eventually } from './hearing.js'

const PORT = 45_678
const initiation = Buffer.alloc(148, 9)
initiation.set([1, 0, 0, 0])

let reader: PacketReader

async function send(address: string, port: number, ...messages: Buffer[]): Promise<void> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
  const sent = messages.map(
    (message) => new Promise((resolve) => socket.send(message, port, address, resolve)),
  )
  await Promise.all(sent)
  socket.close()
}

/** The payloads of the next packets. */
async function take(count: number): Promise<Uint8Array[]> {
  const payloads: Uint8Array[] = []
  while (payloads.length < count && (await reader.wait())) {
    for (let packet = reader.take(); packet; packet = reader.take()) {
      payloads.push(parseUdpPacket(packet)?.payload ?? new Uint8Array())
    }
  }
  return payloads
}

const open = (port = PORT, netns?: string): Promise<PacketReader> =>
  openPacketReader({ filter: initiationFilter(port), maxLength: LONGEST_PACKET, netns })

const numbered = (number: number): Buffer => {
  const message = Buffer.from(initiation)
  message.writeUInt32LE(number, 4)
  return message
}
const numbersOf = (payloads: Uint8Array[]): number[] =>
  payloads.map((payload) => Buffer.from(payload).readUInt32LE(4))

beforeEach(async () => {
  await isolate()
  reader = await open()
})

afterEach(() => reader.close())

describe('a packet reader', () => {
  it('sees each initiation once, of both families, and nothing else', async () => {
    const others = [initiation.subarray(1), Buffer.concat([initiation, Buffer.of(0)])]
    await send('127.0.0.1', PORT, ...others, Buffer.from(initiation).fill(2, 0, 1))
    await send('127.0.0.1', PORT + 1, numbered(9))
    await send('127.0.0.1', PORT, numbered(1))
    await send('::1', PORT, numbered(2))
    await send('127.0.0.1', PORT, numbered(3))
    expect(numbersOf(await take(3))).toEqual([1, 2, 3])
    expect(reader.take()).toBeUndefined()
    expect(reader.drops).toBe(0)
  })

  it('keeps 3,000 packets that come at once, in order', async () => {
    const all = Array.from({ length: 3000 }, (_, index) => index)
    await send('127.0.0.1', PORT, ...all.map(numbered))
    expect(numbersOf(await take(3000))).toEqual(all)
  })

  it('takes another filter in the place of the one before', async () => {
    reader.attach(initiationFilter(PORT + 1))
    await send('127.0.0.1', PORT, numbered(1))
    await send('127.0.0.1', PORT + 1, numbered(2))
    expect(numbersOf(await take(1))).toEqual([2])
  })

  it('listens in another network namespace', async () => {
    await ip('netns', 'add', 'elsewhere')
    const elsewhere = await open(PORT, 'elsewhere')
    await send('127.0.0.1', PORT, numbered(1))
    expect(numbersOf(await take(1))).toEqual([1])
    expect(elsewhere.take()).toBeUndefined()
    await elsewhere.close()
    await ip('netns', 'delete', 'elsewhere')
  })

  it('ends at once, and leaves no descriptor and no thread', async () => {
    const descriptors = (): number => readdirSync('/proc/self/fd').length
    const threads = (): number => readdirSync('/proc/self/task').length
    // The thread of the reader that is open anyway is up once it has brought something.
    await send('127.0.0.1', PORT, numbered(1))
    await take(1)
    const before = [descriptors(), threads()]
    for (let count = 0; count < 20; count++) {
      const one = await open()
      const waiting = one.wait()
      await one.close()
      expect(await waiting).toBe(false)
    }
    await vi.waitFor(() => {
      expect(descriptors()).toBeLessThanOrEqual((before[0] as number) + 1)
      expect(threads()).toBeLessThanOrEqual((before[1] as number) + 1)
    }, eventually)
  })

  it('says that it may not', async () => {
    process.seteuid?.(65_534)
    try {
      await expect(open()).rejects.toMatchObject({ code: 'EPERM' })
    } finally {
      process.seteuid?.(0)
    }
  })
})
