import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { KernelBackend } from '@wgctrl/netlink'
import { WireGuardError } from '@wgctrl/types'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Bench } from '../../contract/bench.js'
import { kernel } from '../../contract/harnesses/kernel.js'
import { networks, peerKey } from '../../contract/samples.js'
import { newTap, type Tap, tapped } from './tapped-socket.js'

const READS = 1000
/** Fill three datagrams of {@link DATAGRAM} bytes: between two, a dump can be torn. */
const STEADY = 50
/** The kernel fills no more than it was asked for by the reads before. */
const DATAGRAM = 4096
/** @source linux/netlink.h, NLM_F_DUMP_INTR: the device changed under the dump */
const INTERRUPTED = 0x10

const bench = new Bench(kernel)
beforeAll(() => bench.setup())
afterAll(() => bench.teardown())

it('a device that changes without pause is read whole, or EINTR', async () => {
  const peers = Array.from({ length: STEADY }, (_, index) => ({
    publicKey: peerKey(index),
    allowedIPs: networks(2, 2 * index),
  }))
  const name = await bench.newDevice({ peers })
  const tap = newTap()
  await using backend = new KernelBackend({ openTransport: tapped(tap, DATAGRAM) })
  const steady = new Set(peers.map((peer) => peer.publicKey))
  const churn = fork(fileURLToPath(new URL('churn.mjs', import.meta.url)), [name], {
    stdio: 'inherit',
  })
  const outcomes = { whole: 0, interrupted: 0, torn: 0, datagrams: 0 }
  try {
    await once(churn, 'message')
    for (let read = 0; read < READS; read++) {
      outcomes[await readOnce(backend, name, steady)]++
      outcomes.datagrams += tap.received.length
      outcomes.torn += forget(tap).filter(isTorn).length
    }
  } finally {
    churn.kill('SIGTERM')
    if (churn.exitCode === null) await once(churn, 'exit')
  }
  console.log(`${READS} reads beside a writer: ${JSON.stringify(outcomes)}`)
  expect(churn.exitCode).toBe(0)
  expect(outcomes.whole + outcomes.interrupted).toBe(READS)
  expect(outcomes.whole).toBeGreaterThan(0)
  // Else nothing was shown: no read met a change.
  expect(outcomes.torn).toBeGreaterThan(100)
})

/** The peers that nobody touches are all there in every read that succeeds, once each. */
async function readOnce(
  backend: KernelBackend,
  name: string,
  steady: Set<string>,
): Promise<'whole' | 'interrupted'> {
  try {
    const { peers } = await backend.device(name)
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

function forget(tap: Tap): Buffer[] {
  tap.sent.length = 0
  return tap.received.splice(0)
}

const isTorn = (datagram: Buffer): boolean => (datagram.readUInt16LE(6) & INTERRUPTED) !== 0
