import { afterAll, beforeAll, expect, it } from 'vitest'
import { Bench } from '../../contract/bench.js'
import { kernel } from '../../contract/harnesses/kernel.js'
import { networks, peerKey } from '../../contract/samples.js'
import { wg } from '../../interop/wg.js'

const bench = new Bench(kernel)
beforeAll(() => bench.setup())
afterAll(() => bench.teardown())

/** What wg(8) shows of each peer, without what changes by itself. */
async function dump(name: string): Promise<string[]> {
  const [, ...peers] = (await wg(['show', name, 'dump'])).trimEnd().split('\n')
  return peers.map((line) => {
    const [publicKey, , , networks = ''] = line.split('\t')
    return `${publicKey} ${networks.split(',').sort().join(',')}`
  })
}

const shown = (peer: { publicKey: string; allowedIPs: readonly string[] }): string =>
  `${peer.publicKey} ${[...peer.allowedIPs].sort().join(',')}`

/** 52 bytes of a bare peer: 1,260 of them fill a message. */
const ONE_MESSAGE = Math.floor(65_531 / 52)
const AROUND = [1, 2].flatMap((count) =>
  Array.from({ length: 9 }, (_, index) => count * ONE_MESSAGE - 4 + index),
)

it.each([...AROUND, 3000])('%i bare peers, around what fits a message', async (count) => {
  const peers = Array.from({ length: count }, (_, index) => ({ publicKey: peerKey(index) }))
  const name = await bench.newDevice({ peers })
  const found = new Set((await bench.wg.device(name)).peers.map((peer) => peer.publicKey))
  expect(found).toEqual(new Set(peers.map((peer) => peer.publicKey)))
})

it('100,000 peers with two networks each, as wg(8) shows them', { timeout: 900_000 }, async () => {
  const peers = Array.from({ length: 100_000 }, (_, index) => ({
    publicKey: peerKey(index),
    allowedIPs: networks(2, 2 * index),
  }))
  const name = await bench.stage.createDevice()
  await bench.wg.configure(name, { peers }, { timeout: 600_000 })
  const wanted = new Set(peers.map(shown))
  const { peers: read } = await bench.wg.device(name, { timeout: 300_000 })
  expect(read.map(shown).filter((line) => !wanted.has(line))).toEqual([])
  expect(new Set(read.map(shown)).size).toBe(100_000)
  expect(new Set(await dump(name))).toEqual(wanted)
  await bench.wg.configure(name, { replacePeers: true }, { timeout: 600_000 })
  await bench.wg.delete(name)
})
