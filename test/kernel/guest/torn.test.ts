import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { WireGuardError } from '@wgctrl/types'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Bench } from '../../contract/bench.js'
import { kernel } from '../../contract/harnesses/kernel.js'
import { networks, peerKey } from '../../contract/samples.js'

const READS = 1000
/** Enough for a dump of two datagrams: a single one cannot be torn. */
const STEADY = 260

const bench = new Bench(kernel)
beforeAll(() => bench.setup())
afterAll(() => bench.teardown())

it('a device that changes without pause is read whole, or EINTR', async () => {
  const peers = Array.from({ length: STEADY }, (_, index) => ({
    publicKey: peerKey(index),
    allowedIPs: networks(2, 2 * index),
  }))
  const name = await bench.newDevice({ peers })
  const steady = new Set((await bench.wg.device(name)).peers.map((peer) => peer.publicKey))
  const churn = fork(fileURLToPath(new URL('churn.mjs', import.meta.url)), [name], {
    stdio: 'inherit',
  })
  const outcomes = { whole: 0, interrupted: 0 }
  try {
    await once(churn, 'message')
    for (let read = 0; read < READS; read++) outcomes[await readOnce(name, steady)]++
  } finally {
    churn.kill('SIGTERM')
    if (churn.exitCode === null) await once(churn, 'exit')
  }
  console.log(`${READS} reads beside a writer: ${JSON.stringify(outcomes)}`)
  expect(churn.exitCode).toBe(0)
  expect(outcomes.whole + outcomes.interrupted).toBe(READS)
  expect(outcomes.whole).toBeGreaterThan(0)
})

/** The peers that nobody touches are all there in every read that succeeds, once each. */
async function readOnce(name: string, steady: Set<string>): Promise<'whole' | 'interrupted'> {
  try {
    const { peers } = await bench.wg.device(name)
    const keys = new Set(peers.map((peer) => peer.publicKey))
    expect(keys.size).toBe(peers.length)
    expect([...steady].filter((key) => !keys.has(key))).toEqual([])
    for (const peer of peers)
      if (steady.has(peer.publicKey)) expect(peer.allowedIPs).toHaveLength(2)
    return 'whole'
  } catch (error) {
    if (error instanceof WireGuardError && error.code === 'EINTR') return 'interrupted'
    throw error
  }
}
