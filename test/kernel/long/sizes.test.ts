import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Bench } from '../../contract/bench.js'
import { kernel } from '../../contract/harnesses/kernel.js'
import { networks, peerKey } from '../../contract/samples.js'
import { wg } from '../../interop/wg.js'
import { raiseThreadLimits } from '../thread-limits.js'

const bench = new Bench(kernel)
let restoreLimits: () => void
beforeAll(async () => {
  restoreLimits = raiseThreadLimits(100_000)
  await bench.setup()
})
afterAll(async () => {
  await bench.teardown()
  restoreLimits()
})

/** What wg(8) shows of each peer, without what changes by itself. */
async function dump(name: string): Promise<string[]> {
  const [, ...peers] = (await wg(['show', name, 'dump'])).trimEnd().split('\n')
  return peers.map((line) => {
    const [publicKey, , , networks = ''] = line.split('\t')
    return `${publicKey} ${networks.split(',').sort().join(',')}`
  })
}

/** In a process of its own: this one has grown already. */
async function stream(name: string): Promise<{ peers: number; grown: number }> {
  const program = fileURLToPath(new URL('stream-peers.mjs', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--max-old-space-size=64',
    program,
    name,
  ])
  return JSON.parse(stdout)
}

const shown = (peer: { publicKey: string; allowedIPs: readonly string[] }): string =>
  `${peer.publicKey} ${[...peer.allowedIPs].sort().join(',')}`

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
  const streamed = await stream(name)
  console.log(`peers() of 100,000: ${streamed.grown.toFixed(1)} MB of growth`)
  expect(streamed.peers).toBe(100_000)
  expect(streamed.grown).toBeLessThan(40)
  await bench.wg.configure(name, { replacePeers: true }, { timeout: 600_000 })
  await bench.wg.delete(name)
})
