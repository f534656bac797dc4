import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'
import { expect, it, onTestFinished } from 'vitest'
import { type Bench, firstPeer } from '../bench.js'
import { plainPeers } from '../plain.js'
import {
  barePeer,
  keyPair,
  network,
  networks,
  peerKey,
  peersWithNetworks,
  secret,
} from '../samples.js'

export function reads(bench: Bench): void {
  const { traits } = bench

  it('shows an empty device, with nothing that is not set', async () => {
    const name = await bench.newDevice()
    const { interfaceIndex, listenPort, ...device } = await bench.wg.device(name)
    expect(device).toStrictEqual({ name, kind: traits.kind, firewallMark: 0, peers: [] })
    expect(typeof interfaceIndex).toBe(traits.interfaceIndex ? 'number' : 'undefined')
    expect(listenPort > 0, `port ${listenPort}`).toBe(traits.bindsPorts)
    expect(await bench.stream(name)).toEqual([])
  })

  it('shows a new peer, with nothing that is not set', async () => {
    const name = await bench.newDevice({ peers: [{ publicKey: peerKey(1) }] })
    const expected = { ...barePeer(peerKey(1)), receivedBytes: 0, transmittedBytes: 0 }
    const { peers } = await bench.wg.device(name)
    expect(peers.map((peer) => ({ ...peer }))).toStrictEqual([expected])
    const streamed = await bench.stream(name)
    expect(streamed.map((peer) => ({ ...peer }))).toStrictEqual([expected])
  })

  it('streams the peers that device() gives', async () => {
    const peers = peersWithNetworks(50).map((peer, n) => ({
      ...peer,
      allowedIPs: networks(n, n * 100),
      ...(n % 2 === 0 && { presharedKey: secret(n) }),
      ...(n % 3 === 0 && { endpoint: `127.0.0.1:${1000 + n}` }),
      ...(n % 5 === 0 && { persistentKeepalive: n }),
    }))
    const name = await bench.newDevice({ peers })
    const { peers: read } = await bench.read(name)
    expect(read).toHaveLength(50)
    expect(plainPeers(await bench.stream(name))).toEqual(read)
  })

  it('shows itself in a log down to endpoints and networks, and stays plain data', async () => {
    const peer = { publicKey: peerKey(1), endpoint: '127.0.0.1:1001', allowedIPs: [network(0)] }
    const name = await bench.newDevice({ peers: [peer] })
    const device = await bench.wg.device(name)
    for (const shown of [inspect(device), inspect([device])]) {
      expect(shown).toContain("address: '127.0.0.1', port: 1001")
      expect(shown).toContain(`allowedIPs: [ '${network(0)}' ]`)
    }
    expect(Reflect.ownKeys({ ...device })).toEqual(Object.keys(device))
    expect(structuredClone(device)).toEqual({ ...device })
  })

  it('gives values that belong to the caller', async () => {
    const { privateKey } = keyPair(1)
    const peer = { publicKey: peerKey(1), presharedKey: secret(1), allowedIPs: [network(0)] }
    const name = await bench.newDevice({ privateKey, peers: [peer] })
    const before = await bench.read(name)
    const device = await bench.wg.device(name)
    device.privateKey?.wipe()
    device.peers[0]?.presharedKey?.wipe()
    device.peers[0]?.allowedIPs.push('0.0.0.0/0')
    device.peers.length = 0
    expect(await bench.read(name)).toEqual(before)
  })

  it('lets a caller leave a stream early, and holds nothing then', async () => {
    const peers = bench.atMost(2000)
    const name = await bench.newDevice({ peers: peersWithNetworks(peers) })
    const before = openHandles()
    for (let round = 0; round < 30; round++) {
      expect(await firstPeer(bench.wg.peers(name))).toBeDefined()
    }
    expect(await bench.stream(name)).toHaveLength(peers)
    // vi.waitFor has timers of its own.
    for (let look = 0; openHandles() > before && look < 3000; look++) await sleep(20)
    expect(openHandles()).toBeLessThanOrEqual(before)
  })

  it('lets a caller leave a stream before it began', async () => {
    const name = await bench.newDevice({ peers: [{ publicKey: peerKey(1) }] })
    const stream = bench.wg.peers(name)
    expect(await stream.return?.()).toEqual({ done: true, value: undefined })
    expect(await stream.next()).toEqual({ done: true, value: undefined })
  })

  it('serves two streams of one device side by side', async () => {
    const name = await bench.newDevice({ peers: peersWithNetworks(500) })
    const streams = [bench.wg.peers(name), bench.wg.peers(name)] as const
    const seen = streams.map(() => new Set<string>())
    for (let n = 0; n < 500; n++) {
      for (const [index, stream] of streams.entries()) {
        const { value } = await stream.next()
        seen[index]?.add(value.publicKey)
      }
    }
    expect(await Promise.all(streams.map((stream) => stream.next()))).toMatchObject([
      { done: true },
      { done: true },
    ])
    expect(seen.map((keys) => keys.size)).toEqual([500, 500])
  })

  it('does not keep a slow reader of a stream from calling others', async () => {
    const peers = bench.atMost(1000)
    const name = await bench.newDevice({ peers: peersWithNetworks(peers) })
    let count = 0
    for await (const _ of bench.wg.peers(name)) {
      if (count++ === 0) expect((await bench.wg.device(name)).peers).toHaveLength(peers)
    }
    expect(count).toBe(peers)
  })

  // A pipe of Windows is nothing of a file system, and is not looked at; wine makes no links.
  if (process.platform === 'win32') return

  it('leaves Node to find packages behind links, as pnpm installs them', async () => {
    const folder = await realpath(await mkdtemp(join(tmpdir(), 'wgctrl-links-')))
    onTestFinished(() => rm(folder, { recursive: true }))
    await mkdir(join(folder, 'store'))
    await writeFile(join(folder, 'store/index.js'), '')
    for (const name of ['one', 'two']) await symlink('store', join(folder, name))
    const { resolve } = createRequire(join(folder, 'program.js'))
    expect(resolve('./one')).toBe(join(folder, 'store/index.js'))
    await bench.wg.device(await bench.newDevice())
    expect(resolve('./two')).toBe(join(folder, 'store/index.js'))
  })
}

/** Sockets, timers and file accesses that this process has under way. */
const openHandles = (): number =>
  process.getActiveResourcesInfo().filter((type) => /Pipe|Timeout|FSReq/.test(type)).length
