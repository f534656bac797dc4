import { isZeroKey } from '@wgctrl/types'
import { describe, expect, it } from 'vitest'
import { NLM_F } from './codec/message.js'
import { toLink } from './link.js'
import { watchLinks } from './link-events.js'
import { Rtnl } from './rtnl.js'
import { DatagramBatch } from './socket/datagram-batch.js'
import { NETLINK, openNetlinkSocket } from './socket/socket.js'
import { RTNLGRP_LINK } from './specs/rt-link.js'
import { FakeKernel } from './testing/index.js'
import { recording } from './vectors.fixture.js'

const onLinux = process.platform === 'linux'

describe('toLink, of a real kernel', () => {
  it('reads a WireGuard link', () => {
    const [reply] = recording('getlink wg0').replies as [Buffer]
    expect(toLink({ payload: reply.subarray(16, reply.readUInt32LE(0)) })).toMatchObject({
      index: 2,
      name: 'wg0',
      kind: 'wireguard',
      mtu: 1420,
      up: false,
      operState: 'down',
      altNames: [],
      flags: 0x90,
      stats: { rxPackets: 0n, rxOtherhostDropped: 0n },
    })
  })

  it('reads the same of a brief answer', () => {
    const [brief] = recording('getlink kind wireguard').replies as [Buffer]
    const [whole] = recording('getlink wg0').replies as [Buffer]
    const [link, same] = [brief, whole].map((reply) => {
      return toLink({ payload: reply.subarray(16, reply.readUInt32LE(0)) })
    })
    expect(brief.readUInt32LE(0)).toBeLessThan(whole.readUInt32LE(0))
    expect({ ...link, attributes: {} }).toEqual({ ...same, attributes: {} })
  })
})

describe('Rtnl', () => {
  it('filters links by kind in the request', async () => {
    const kernel = new FakeKernel()
    const transport = kernel.openTransport(NETLINK.route)
    const rtnl = new Rtnl(transport)
    kernel.addLink('veth0', 'veth')
    await rtnl.createLink({ name: 'wg0', kind: 'wireguard', mtu: 1400 })
    expect((await rtnl.links({ kind: 'veth' })).map(({ name }) => name)).toEqual(['veth0'])
    expect((await rtnl.links()).map(({ name }) => name)).toEqual(['lo', 'veth0', 'wg0'])
    expect(await rtnl.link('wg0')).toMatchObject({ index: 3, kind: 'wireguard', mtu: 1400 })
    await rtnl.deleteLink(3)
    await expect(rtnl.link('wg0')).rejects.toMatchObject({ code: 'ENODEV', message: /wg0/ })
  })

  it('deletes no link for who aborts meanwhile, and says so in our words', async () => {
    const kernel = new FakeKernel()
    const rtnl = new Rtnl(kernel.openTransport(NETLINK.route))
    kernel.addLink('veth0', 'veth')
    const abort = new AbortController()
    const deletion = rtnl.deleteLink('veth0', { signal: abort.signal })
    abort.abort('enough')
    await expect(deletion).rejects.toMatchObject({ name: 'AbortError', cause: 'enough' })
    expect((await rtnl.links()).map(({ name }) => name)).toEqual(['lo', 'veth0'])
  })
})

describe.runIf(onLinux)('the links of this machine', () => {
  it('has lo, by name, index and in the list', async () => {
    const rtnl = await Rtnl.open()
    const lo = await rtnl.link('lo')
    expect(lo).toMatchObject({ name: 'lo', index: 1 })
    expect((await rtnl.link(1)).name).toBe('lo')
    expect((await rtnl.links()).map(({ name }) => name)).toContain('lo')
    await expect(rtnl.link('no-such-link')).rejects.toMatchObject({ code: 'ENODEV' })
    await rtnl.close()
  })

  it('lists addresses, routes and rules', async () => {
    const rtnl = await Rtnl.open()
    const addresses = await rtnl.addresses({ index: 1, family: 4 })
    for (const { index, family } of addresses) expect([index, family]).toEqual([1, 4])
    for (const route of await rtnl.routes({ table: 255 })) expect(route.table).toBe(255)
    const rules = await rtnl.rules({ family: 4 })
    expect(rules).toContainEqual({ family: 4, table: 255, action: 1, invert: false })
    await rtnl.close()
  })

  it('ends link events at once, though nothing happens', async () => {
    const events = await watchLinks()
    // Of the links of this machine others may change some.
    const all = (async () => {
      for await (const _ of events);
    })()
    await events.return()
    await all
  })

  it('ends link events with an AbortError when the signal fires', async () => {
    const abort = new AbortController()
    const events = await watchLinks({ signal: abort.signal })
    const waiting = events.next()
    abort.abort(new Error('enough'))
    await expect(waiting).rejects.toMatchObject({
      code: 'ABORT_ERR',
      cause: new Error('enough'),
    })
  })
})

/** A type that nobody handles: the kernel answers each with an error at once. */
function unknownRequest(sequence: number): Buffer {
  const bytes = Buffer.alloc(16)
  bytes.writeUInt32LE(16, 0)
  bytes.writeUInt16LE(0x7ff0, 4)
  bytes.writeUInt16LE(NLM_F.request, 6)
  bytes.writeUInt32LE(sequence, 8)
  return bytes
}

describe.runIf(onLinux)('NetlinkSocket', () => {
  it('never waits for what is not coming', async () => {
    const socket = await openNetlinkSocket({ protocol: NETLINK.generic })
    const buffer = Buffer.alloc(1024)
    expect(socket.receiveSync(buffer)).toBeUndefined()
    expect(await socket.receive(buffer)).toBeUndefined()
    expect(socket.portId).toBeGreaterThan(0)
    await socket.close()
    expect(() => socket.receiveSync(buffer)).toThrow(expect.objectContaining({ code: 'EBADF' }))
    await expect(socket.receive(buffer)).rejects.toMatchObject({ code: 'EBADF' })
  })

  it('closes once the read in flight is back', async () => {
    const socket = await openNetlinkSocket({ protocol: NETLINK.generic })
    const reading = socket.receive(Buffer.alloc(16))
    await Promise.all([socket.close(), socket.close()])
    expect(await reading).toBeUndefined()
  })

  it('takes all that is queued in one go, each datagram in a buffer of its own, and zeroes them', async () => {
    const socket = await openNetlinkSocket({ protocol: NETLINK.route })
    const batch = new DatagramBatch(4, 512)
    const requests = [1, 2, 3, 4, 5, 6].map((sequence) => unknownRequest(sequence))
    for (const request of requests) socket.sendSync(request)
    const sequences: number[] = []
    const counts: number[] = []
    do {
      await socket.receiveMany(batch)
      counts.push(batch.lengths.length)
      batch.lengths.forEach((length, at) => {
        expect(length).toBeGreaterThan(16)
        sequences.push(batch.buffers[at]?.readUInt32LE(8) ?? 0)
      })
    } while (batch.lengths.length > 0)
    expect(counts).toEqual([4, 2, 0])
    expect(sequences).toEqual([1, 2, 3, 4, 5, 6])
    batch.wipe()
    expect(batch.buffers.every((buffer) => isZeroKey(buffer, 0, 16))).toBe(true)
    await socket.close()
    await expect(socket.receiveMany(batch)).rejects.toMatchObject({ code: 'EBADF' })
  })

  it('says what system call failed', async () => {
    const opening = openNetlinkSocket({ protocol: 999 })
    await expect(opening).rejects.toMatchObject({ name: 'NetlinkError', code: 'EPROTONOSUPPORT' })
  })

  it('joins multicast groups and takes a receive timeout', async () => {
    const socket = await openNetlinkSocket({
      protocol: NETLINK.route,
      groups: [RTNLGRP_LINK],
      receiveTimeout: 10,
      receiveBufferSize: 1 << 16,
    })
    expect(socket.receiveSync(Buffer.alloc(1024))).toBeUndefined()
    await socket.close()
  })

  it.each([
    ['no-such-namespace', 'ENOENT'],
    ['/proc/self/ns/none', 'ENOENT'],
    ['', 'EINVAL'],
    ['..', 'EINVAL'],
    [-1, 'EINVAL'],
  ])('refuses the namespace %j with %s', async (netns, code) => {
    const opening = openNetlinkSocket({ protocol: NETLINK.route, netns })
    await expect(opening).rejects.toMatchObject({ code, path: 'netns' })
  })
})
