import type { PeerConfig } from '@wgctrl/types'
import { expect, it } from 'vitest'
import type { Bench } from '../bench.js'
import { plainPeers } from '../plain.js'
import { barePeer, networks, peerKey, peersWithNetworks, secret } from '../samples.js'

/** Other tools hung at 23 peers and failed above 20: a batch ended there. */
const peerCounts = [0, 1, 22, 23, 24, 100, 1000, 10_000]

/** Around 256 (another library's batch) and the ends of netlink messages and nests of 64 KiB. */
const networkCounts = [1, 2, 255, 256, 257, 1000, 1637, 1638, 1639, 2339, 2340, 2341, 3000, 5000]

export function sizes(bench: Bench): void {
  it.each(peerCounts.filter((count) => count <= bench.mostPeers))('%i peers', async (count) => {
    const peers = peersWithNetworks(count)
    const name = await bench.newDevice({ firewallMark: 9, replacePeers: true, peers })
    const expected = plainPeers(
      peers.map(({ publicKey, allowedIPs = [] }) => ({
        ...barePeer(publicKey),
        allowedIPs: allowedIPs as string[],
        receivedBytes: 0,
        transmittedBytes: 0,
      })),
    )
    const device = await bench.read(name)
    expect(device.firewallMark).toBe(9)
    expectSame(device.peers, expected)
    expectSame(plainPeers(await bench.stream(name)), expected)
    await bench.wg.configure(name, { replacePeers: true })
    expect(await bench.stream(name)).toEqual([])
  })

  it.each(networkCounts)('%i allowed IPs on one peer', async (count) => {
    const before = { publicKey: peerKey(1), allowedIPs: networks(3, 100_000) }
    const peer = { publicKey: peerKey(2), allowedIPs: networks(count), persistentKeepalive: 5 }
    const after = { publicKey: peerKey(3), allowedIPs: networks(3, 200_000) }
    const name = await bench.newDevice({ peers: [before, peer, after] })
    expectSame((await bench.read(name)).peers, read([before, peer, after]))
    expectSame(plainPeers(await bench.stream(name)), read([before, peer, after]))
    const fewer = { ...peer, replaceAllowedIPs: true, allowedIPs: networks(count - 1, 1) }
    await bench.wg.configure(name, { peers: [fewer] })
    expectSame((await bench.read(name)).peers, read([before, fewer, after]))
  })

  it('300 peers of 0 to 40 allowed IPs and every other field', async () => {
    const peers = Array.from({ length: 300 }, (_, n) => ({
      publicKey: peerKey(n),
      allowedIPs: networks(n % 41, n * 50),
      persistentKeepalive: n,
      presharedKey: secret(n),
    }))
    const name = await bench.newDevice({ peers })
    expectSame((await bench.read(name)).peers, read(peers))
  })

  it('removes two of every three peers in one change', async () => {
    const peers = peersWithNetworks(bench.atMost(3000))
    const name = await bench.newDevice({ peers })
    const gone = peers.filter((_, n) => n % 3 !== 0)
    await bench.wg.configure(name, {
      peers: gone.map(({ publicKey }) => ({ publicKey, remove: true })),
    })
    expectSame((await bench.read(name)).peers, read(peers.filter((_, n) => n % 3 === 0)))
  })

  it('updates peers among as many that are missing', async () => {
    const peers = peersWithNetworks(bench.atMost(1000))
    const name = await bench.newDevice({ peers })
    const changes = Array.from({ length: 2 * peers.length }, (_, n) => ({
      publicKey: peerKey(n),
      updateOnly: true,
      persistentKeepalive: 6,
    }))
    await bench.wg.configure(name, { peers: changes })
    const expected = peers.map((peer) => ({ ...peer, persistentKeepalive: 6 }))
    expectSame((await bench.read(name)).peers, read(expected))
  })
}

/** What a device shows of peers that were set. */
function read(peers: (PeerConfig & { publicKey: string })[]): unknown[] {
  const shown = peers.map((peer) => ({
    ...barePeer(peer.publicKey),
    ...(peer.presharedKey && { presharedKey: peer.presharedKey }),
    persistentKeepalive: peer.persistentKeepalive ?? 0,
    allowedIPs: [...(peer.allowedIPs as string[])].sort(),
  }))
  return shown.sort((a, b) => (a.publicKey < b.publicKey ? -1 : 1))
}

/** Names the first difference: a printed one of 10,000 peers would help nobody. */
function expectSame(actual: readonly unknown[], expected: readonly unknown[]): void {
  expect(actual.length).toBe(expected.length)
  const index = actual.findIndex((peer, at) => sorted(peer) !== sorted(expected[at]))
  if (index >= 0) expect(actual[index], `peer ${index}`).toEqual(expected[index])
}

const sorted = (value: unknown): string =>
  JSON.stringify(Object.entries(value as object).sort(([a], [b]) => (a < b ? -1 : 1)))
