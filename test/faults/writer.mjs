// Writes a device for a time while another process does: node writer.mjs NAME ID SECONDS BACKEND, ID 1 or 2.
// Each write is one message that sets the mark, adds a peer of its own, removes an old one and changes the
// peer that both share. Sends what it did to its parent.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { open, WireGuardError } from 'wgctrl'

const [name, id, seconds, backend] = process.argv.slice(2)
/** Peers of its own that stay. */
const KEPT = 8

const keyOf = (text) => createHash('sha256').update(text).digest('base64')
const shared = keyOf('shared')
const markOf = (round) => Number(id) * 2 ** 24 + round
const networkOf = (mark, first) => `${first}.${mark >>> 24}.${(mark >>> 8) & 255}.${mark & 255}/32`
const ownOf = (round) => ({
  publicKey: keyOf(`${id} ${round}`),
  persistentKeepalive: 25,
  allowedIPs: [networkOf(markOf(round), 11)],
})
const writeOf = (round) => ({
  firewallMark: markOf(round),
  peers: [
    ownOf(round),
    ...(round > KEPT ? [{ publicKey: ownOf(round - KEPT).publicKey, remove: true }] : []),
    {
      publicKey: shared,
      persistentKeepalive: round & 0xffff,
      replaceAllowedIPs: true,
      allowedIPs: [networkOf(markOf(round), 10)],
    },
  ],
})

/** What is there is one write of somebody's, whole, and all that this process wrote last. */
function check({ firewallMark, peers }, round) {
  const common = peers.find(({ publicKey }) => publicKey === shared)
  assert.deepEqual(common.allowedIPs, [networkOf(firewallMark, 10)])
  assert.equal(common.persistentKeepalive, firewallMark & 0xffff)
  const rounds = Array.from({ length: Math.min(KEPT, round) }, (_, n) => round - n)
  for (const own of rounds.map(ownOf)) {
    const peer = peers.find(({ publicKey }) => publicKey === own.publicKey)
    const { publicKey, persistentKeepalive, allowedIPs } = peer ?? {}
    assert.deepEqual({ publicKey, persistentKeepalive, allowedIPs: [...(allowedIPs ?? [])] }, own)
  }
  return firewallMark >>> 24 !== Number(id)
}

const wg = await open({ backends: [backend] })
const started = performance.now()
let round = 0
/** Reads that found a write of the other process behind the own one. */
let met = 0
let torn = 0
while (performance.now() - started < Number(seconds) * 1000) {
  await wg.configure(name, writeOf(++round))
  try {
    if (check(await wg.device(name), round)) met++
  } catch (error) {
    // A device of the kernel that changed during every attempt to read it.
    if (!(error instanceof WireGuardError && error.code === 'EINTR')) throw error
    torn++
  }
  // Never in step with the other.
  await sleep(Math.random() * 10)
}
await wg.close()
const own = Array.from({ length: KEPT }, (_, n) => ownOf(round - n))
process.send({ round, met, torn, mark: markOf(round), shared, own })
