import type { Device, Peer } from '@wgctrl/types'
import { expect, it } from 'vitest'
import { type Bench, failure } from '../bench.js'
import { uniqueName } from '../harness.js'
import { keyPair, network, networks, peerKey, peersWithNetworks } from '../samples.js'

const PEERS = 60

/** A whole change that can be told from every other: mark, keepalives and networks say which it was. */
const stamped = (stamp: number) => ({
  firewallMark: stamp,
  replacePeers: true,
  peers: Array.from({ length: PEERS }, (_, n) => ({
    publicKey: peerKey(n),
    persistentKeepalive: stamp,
    allowedIPs: [network(stamp * 1000 + n)],
  })),
})

/** Which change the peers are of, all of them. */
function stampOf(peers: readonly Peer[]): number {
  expect(peers).toHaveLength(PEERS)
  const stamps = new Set(peers.map((peer) => peer.persistentKeepalive))
  expect([...stamps], 'whole').toHaveLength(1)
  const [stamp = 0] = stamps
  const given = peers.flatMap((peer) => peer.allowedIPs).sort()
  expect(given).toEqual(networks(PEERS, stamp * 1000).sort())
  return stamp
}

function wholeStampOf(device: Device): number {
  expect(stampOf(device.peers)).toBe(device.firewallMark)
  return device.firewallMark
}

export function concurrency(bench: Bench): void {
  /** The only reason not to be read beside a writer. */
  const expectTorn = (error: unknown): void => {
    if (!bench.traits.tornReads) throw error
    expect(error).toMatchObject({ code: 'EINTR' })
  }

  it('50 callers on one device: in order, and each read is of a whole change', async () => {
    const name = await bench.newDevice(stamped(1))
    const reads: Promise<Device>[] = []
    const writes: Promise<void>[] = []
    const expected: number[] = []
    for (let stamp = 2; stamp <= 11; stamp++) {
      writes.push(bench.wg.configure(name, stamped(stamp)))
      for (let reader = 0; reader < 4; reader++) {
        reads.push(bench.wg.device(name))
        expected.push(stamp)
      }
    }
    await Promise.all(writes)
    expect((await Promise.all(reads)).map(wholeStampOf)).toEqual(expected)
    expect(wholeStampOf(await bench.wg.device(name))).toBe(11)
  })

  it('streams beside writers: a whole change, none older than the last before', async () => {
    const name = await bench.newDevice(stamped(1))
    const calls: Promise<unknown>[] = []
    for (let stamp = 2; stamp <= 11; stamp++) {
      calls.push(bench.wg.configure(name, stamped(stamp)))
      calls.push(
        bench
          .stream(name)
          .then((peers) => expect(stampOf(peers)).toBeGreaterThanOrEqual(stamp), expectTorn),
      )
    }
    await Promise.all(calls)
    expect(wholeStampOf(await bench.wg.device(name))).toBe(11)
  })

  it('two clients of one device: one whole change or the other', async () => {
    const name = await bench.newDevice(stamped(1))
    const other = await bench.stage.another()
    const calls: Promise<unknown>[] = []
    for (let stamp = 2; stamp <= 11; stamp++) {
      const client = stamp % 2 === 0 ? bench.wg : other
      calls.push(client.configure(name, stamped(stamp)))
      calls.push(client.device(name).then(wholeStampOf, expectTorn))
    }
    await Promise.all(calls)
    expect(wholeStampOf(await bench.wg.device(name))).toBeGreaterThan(9)
  })

  it('50 writers of one peer each: none is lost', async () => {
    const name = await bench.newDevice({ privateKey: keyPair(1).privateKey })
    await Promise.all(
      peersWithNetworks(50).map((peer) => bench.wg.configure(name, { peers: [peer] })),
    )
    const keys = (await bench.read(name)).peers.map((peer) => peer.publicKey)
    expect(keys).toEqual(
      peersWithNetworks(50)
        .map((peer) => peer.publicKey)
        .sort(),
    )
  })

  it('removals one by one from many callers at once', async () => {
    const peer = { publicKey: peerKey(1), allowedIPs: networks(40) }
    const name = await bench.newDevice({ peers: [peer] })
    await Promise.all(
      networks(30).map((cidr) =>
        bench.wg.configure(name, {
          peers: [{ publicKey: peerKey(1), allowedIPs: [{ cidr, remove: true }] }],
        }),
      ),
    )
    expect((await bench.readPeer(name)).allowedIPs).toEqual(networks(10, 30).sort())
  })

  it('failures among successes disturb nobody', async () => {
    const name = await bench.newDevice()
    const calls = Array.from({ length: 30 }, (_, n) => {
      if (n % 3 === 0) return failure(bench.wg.configure(name, { listenPort: -1 }))
      if (n % 3 === 1) return failure(bench.wg.device(uniqueName()))
      return bench.wg.configure(name, { firewallMark: n })
    })
    await Promise.all(calls)
    expect(await bench.read(name)).toMatchObject({ firewallMark: 29 })
  })

  it('many devices side by side', async () => {
    const names = await Promise.all(Array.from({ length: 8 }, () => bench.newDevice()))
    await Promise.all(
      names.map((name, n) => bench.wg.configure(name, { ...stamped(n + 1), firewallMark: n + 1 })),
    )
    const devices = await Promise.all(names.map((name) => bench.wg.device(name)))
    expect(devices.map(wholeStampOf)).toEqual(names.map((_, n) => n + 1))
  })

  it('a device removed under a reader ends the read', async () => {
    const name = await bench.newDevice({ peers: peersWithNetworks(bench.manyPeers) })
    let count = 0
    const read = async (): Promise<void> => {
      for await (const _ of bench.wg.peers(name)) {
        if (++count === 10) await bench.remove(name)
      }
    }
    await read().then(
      () => expect(count).toBe(bench.manyPeers),
      (error) => expect(error).toMatchObject({ code: 'ENODEV', operation: 'peers', device: name }),
    )
    expect(await failure(bench.wg.device(name))).toMatchObject({ code: 'ENODEV' })
  })

  it('a device removed by another client under many readers', async () => {
    const peers = bench.atMost(2000)
    const name = await bench.newDevice({ peers: peersWithNetworks(peers) })
    const other = await bench.stage.another()
    const readers = Array.from({ length: 20 }, () => bench.stream(name))
    const settled = Promise.allSettled(readers)
    await bench.remove(name, other)
    for (const result of await settled) {
      if (result.status === 'fulfilled') expect(result.value).toHaveLength(peers)
      else expect(result.reason).toMatchObject({ code: 'ENODEV', operation: 'peers' })
    }
  })

  it('calls before a removal succeed, those behind fail', async () => {
    const name = await bench.newDevice()
    const { create: isRemovable } = bench.traits
    const before = Array.from({ length: 10 }, (_, n) =>
      bench.wg.configure(name, { firewallMark: n }),
    )
    const removal = bench.wg.delete(name)
    if (!isRemovable) {
      expect(await failure(removal)).toMatchObject({ code: 'EUNSUPPORTED', feature: 'delete' })
      await Promise.all(before)
      expect(await bench.read(name)).toMatchObject({ firewallMark: 9 })
      return
    }
    const behind = Array.from({ length: 10 }, () => failure(bench.wg.device(name)))
    await Promise.all([...before, removal])
    for (const error of await Promise.all(behind)) expect(error).toMatchObject({ code: 'ENODEV' })
  })
}
