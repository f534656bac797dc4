import { formatPublicKey } from '@wgctrl/types'
import { MemoryBackend } from '@wgctrl/types/testing'
import { expect, it } from 'vitest'
import { type DeviceConfig, lastWins, open } from './index.js'

const bytes = (fill: number) => new Uint8Array(32).fill(fill)
const [a, b, c] = [1, 2, 3].map((fill) => formatPublicKey(bytes(fill))) as [string, string, string]

it('leaves each network to the last peer that has it', async () => {
  const config = {
    listenPort: 7,
    peers: [
      { publicKey: a, allowedIPs: ['10.0.0.1', '10.0.0.2/32', { cidr: '10.0.9.9/24' }] },
      { publicKey: b, allowedIPs: ['10.0.0.2', 'FD00::/64'] },
      { publicKey: c, allowedIPs: ['10.0.9.0/24', 'fd00:0::/64'] },
      { publicKey: bytes(1), persistentKeepalive: 1, allowedIPs: ['10.0.0.1/32'] },
    ],
  }
  const before = structuredClone(config)
  await using wg = await open({ backends: [new MemoryBackend()] })
  await wg.create('wg0')
  await expect(wg.configure('wg0', config)).rejects.toMatchObject({ code: 'EINVAL' })
  await wg.configure('wg0', lastWins(config))
  const { peers, listenPort } = await wg.device('wg0')
  expect(listenPort).toBe(7)
  expect(Object.fromEntries(peers.map((peer) => [peer.publicKey, peer.allowedIPs]))).toEqual({
    [a]: ['10.0.0.1/32'],
    [b]: ['10.0.0.2/32'],
    [c]: ['10.0.9.0/24', 'fd00::/64'],
  })
  expect(config).toEqual(before)
})

it('leaves removals alone, and what is wrong for the call to refuse', async () => {
  const removal = { cidr: '10.0.0.1/32', remove: true }
  const config = {
    peers: [
      { publicKey: a, allowedIPs: [removal] },
      { publicKey: b, allowedIPs: ['10.0.0.1'] },
    ],
  }
  expect(lastWins(config)).toEqual(config)
  const wrong: unknown[] = [
    undefined,
    null,
    7,
    {},
    { peers: 7 },
    { peers: [null, { publicKey: a, allowedIPs: 7 }] },
  ]
  for (const one of wrong) expect(lastWins(one as DeviceConfig)).toEqual(one)
  const [peer] = lastWins({ peers: [{ publicKey: a, allowedIPs: ['x'] }] }).peers
  expect(peer?.allowedIPs).toEqual(['x'])
})

it('takes as many networks as there are', () => {
  const networks = (from: number) =>
    Array.from(
      { length: 50_000 },
      (_, at) => `10.${(from + at) >> 16}.${((from + at) >> 8) & 255}.${(from + at) & 255}/32`,
    )
  const { peers } = lastWins({
    peers: [
      { publicKey: a, allowedIPs: networks(0) },
      { publicKey: b, allowedIPs: networks(25_000) },
    ],
  })
  expect(peers.map((peer) => peer.allowedIPs.length)).toEqual([25_000, 50_000])
})
