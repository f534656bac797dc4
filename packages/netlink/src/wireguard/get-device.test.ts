import { publicKey } from '@wgctrl/types'
import { describe, expect, it } from 'vitest'
import { peerBuilder, toDevice } from '../map/device.js'
import { ConnectionPool } from '../pool.js'
import { NETLINK } from '../socket/socket.js'
import { FakeKernel, fakeTransport, message } from '../testing/index.js'
import { recording } from '../vectors.fixture.js'
import { FamilyCache } from './family.js'
import { DeviceReader } from './get-device.js'
import { recordBuilder } from './peer-builder.js'

const family = recording('getfamily wireguard').replies

/** A kernel that answers nlctrl as the real one did, and get-device with these datagrams. */
const readerOf = (...dumps: Buffer[][]) => {
  let next = 0
  const pool = new ConnectionPool(() =>
    fakeTransport((request) => {
      const replies = request.readUInt16LE(4) === 16 ? family : (dumps[next++ % dumps.length] ?? [])
      return replies.map((reply) => renumbered(reply, request.readUInt32LE(8)))
    }),
  )
  return new DeviceReader(pool, new FamilyCache())
}

/** Every message under the sequence number of the request that asks now. */
function renumbered(datagram: Buffer, sequence: number): Buffer {
  const copy = Buffer.from(datagram)
  for (let at = 0; at + 16 <= copy.length; at += (copy.readUInt32LE(at) + 3) & ~3) {
    copy.writeUInt32LE(sequence, at + 8)
    if (copy.readUInt32LE(at) < 16) break
  }
  return copy
}

describe('DeviceReader, on the bytes of a real kernel', () => {
  it('reads a device', async () => {
    const dump = await readerOf(recording('get wg0').replies).read('wg0', peerBuilder)
    const device = toDevice(dump)
    expect(device).toMatchObject({
      name: 'wg0',
      kind: 'linux-kernel',
      interfaceIndex: 2,
      publicKey: publicKey('YAnMyqfVuvPCCVHJhwUPoEBnlNGGfz0gmTBxzUb2HUk='),
      listenPort: 51820,
      firewallMark: 0x1234,
      peers: [
        {
          publicKey: 'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=',
          endpoint: { address: '127.0.0.1', port: 1234, family: 4 },
          persistentKeepalive: 25,
          receivedBytes: 0,
          transmittedBytes: 0,
          allowedIPs: ['10.0.0.0/24', 'fd00::/64'],
          protocolVersion: 1,
        },
        {
          publicKey: 'TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0=',
          endpoint: { address: '::1', port: 4321, family: 6 },
          allowedIPs: ['10.1.0.0/16'],
        },
        { publicKey: 'gN65BkIKy1eCE9pP1wdc8ROUtkHLF2PfAqYdyYBz6EA=', allowedIPs: [] },
      ],
    })
    expect(device.peers[0]?.presharedKey?.toBase64()).toBe(
      'MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI=',
    )
    expect(device.peers[1]).not.toHaveProperty('presharedKey')
    expect(device.peers[1]).not.toHaveProperty('lastHandshake')
    expect(device.peers[2]).not.toHaveProperty('endpoint')
    expect(device).not.toHaveProperty('unknown')
  })

  it('puts a peer together that goes on in the next message', async () => {
    const { peers } = await readerOf(recording('get wg0 continued').replies).read(
      'wg0',
      peerBuilder,
    )
    expect(peers.map(({ allowedIPs }) => allowedIPs.length)).toEqual([256, 0, 0])
    expect([...(peers[0]?.allowedIPs ?? [])].sort()).toEqual(
      Array.from({ length: 256 }, (_, i) => `10.2.${i}.0/24`).sort(),
    )
  })

  it('gives the same as records in the kernel’s words', async () => {
    const { peers } = await readerOf(recording('get wg0 continued').replies).read(
      'wg0',
      recordBuilder,
    )
    expect(peers.map((peer) => peer.allowedips?.length)).toEqual([256, undefined, undefined])
  })

  it('gives the same one by one', async () => {
    const batches = []
    const reader = readerOf(recording('get wg0 continued').replies)
    for await (const batch of reader.batches('wg0', peerBuilder)) batches.push(batch)
    const { peers } = await reader.read('wg0', peerBuilder)
    expect(batches.flat()).toEqual(peers)
  })

  it('gives a device or a typed error for every truncation', async () => {
    const [reply] = recording('get wg0').replies as [Buffer]
    for (let cut = 0; cut < reply.length; cut++) {
      const reader = readerOf([reply.subarray(0, cut)])
      await expect(reader.read('wg0', peerBuilder)).rejects.toMatchObject({ code: 'EPROTO' })
    }
  })

  it.each([
    ['get nope', 'ENODEV'],
    ['get lo', 'ENOTWIREGUARD'],
  ])('%s is %s', async (label, code) => {
    const reader = readerOf(recording(label).replies)
    await expect(reader.read('nope', peerBuilder)).rejects.toMatchObject({ code })
    await expect(reader.batches('nope', peerBuilder).next()).rejects.toMatchObject({ code })
  })
})

describe('DeviceReader', () => {
  const torn = (peers = 0): FakeKernel => {
    const kernel = new FakeKernel({ datagramSize: 600 })
    kernel.tornDumps = peers
    return kernel
  }
  const reading = async (kernel: FakeKernel, count: number) => {
    const { FakeDevice } = await import('@wgctrl/types/testing')
    const { checkConfig } = await import('@wgctrl/types')
    const device = new FakeDevice('wg0', 'linux-kernel')
    const peers = Array.from({ length: count }, (_, i) => ({
      publicKey: new Uint8Array(32).fill(i + 1),
      allowedIPs: [`10.0.0.${i}/32`],
    }))
    device.apply(checkConfig({ peers }))
    kernel.addLink('wg0', 'wireguard')
    kernel.devices.set('wg0', device)
    const pool = new ConnectionPool(() => kernel.openTransport(NETLINK.generic))
    return new DeviceReader(pool, new FamilyCache())
  }

  it('reads a torn dump again', async () => {
    const kernel = torn(3)
    const reader = await reading(kernel, 20)
    expect((await reader.read('wg0', peerBuilder)).peers).toHaveLength(20)
    expect(kernel.tornDumps).toBe(0)
  })

  it('gives up with EINTR when every dump is torn', async () => {
    const reader = await reading(torn(1000), 20)
    await expect(reader.read('wg0', peerBuilder)).rejects.toMatchObject({ code: 'EINTR' })
  })

  it('never passes a short list off as whole, one by one', async () => {
    const reader = await reading(torn(1), 20)
    const seen = []
    for await (const batch of reader.batches('wg0', peerBuilder)) seen.push(...batch)
    expect(seen).toHaveLength(20)
    const always = (await reading(torn(1000), 20)).batches('wg0', peerBuilder)
    await expect(always.next()).rejects.toMatchObject({ code: 'EINTR' })
  })

  it('ends a dump that makes no progress', async () => {
    const empty = message(
      34,
      2,
      0,
      Buffer.from([0, 1, 0, 0]),
      Buffer.from('0800020077673000', 'hex'),
    )
    const reader = readerOf(Array.from({ length: 100 }, () => empty))
    const problem = { code: 'EPROTO', message: expect.stringContaining('no progress') }
    await expect(reader.read('wg0', peerBuilder)).rejects.toMatchObject(problem)
  })

  it('counts attributes that it does not know', async () => {
    const done = Buffer.from('140000000300020000000000' + '00000000' + '00000000', 'hex')
    const body =
      '0800020077673000' +
      '08004d0001000000' +
      '3400088030000080' +
      '24000100' +
      '07'.repeat(32) +
      '08004e0001000000'
    const reply = message(34, 2, 0, Buffer.from([0, 1, 0, 0]), Buffer.from(body, 'hex'))
    const dump = await readerOf([Buffer.concat([reply, done])]).read('wg0', peerBuilder)
    expect(toDevice(dump).unknown).toEqual({ 'wgdevice.77': 1, 'wgpeer.78': 1 })
  })
})
