// Tests a program that uses wgctrl without any device: a backend in memory.
import assert from 'node:assert/strict'
import {
  generatePrivateKey,
  isConnected,
  open,
  publicKey,
  type WireGuard,
  WireGuardError,
} from 'wgctrl'
import { MemoryBackend } from 'wgctrl/testing'

/** The program under test: how many peers had a handshake within three minutes. */
async function countActive(wg: WireGuard, name: string): Promise<number> {
  let count = 0
  for await (const peer of wg.peers(name)) {
    if (isConnected(peer)) count++
  }
  return count
}

const backend = new MemoryBackend()
const wg = await open({ backends: [backend] })
const [active, idle] = [publicKey(generatePrivateKey()), publicKey(generatePrivateKey())]
await wg.create('wg0')
await wg.configure('wg0', { peers: [{ publicKey: active }, { publicKey: idle }] })
backend.devices.get('wg0')?.pretend(active, { lastHandshake: new Date() })
assert.equal(await countActive(wg, 'wg0'), 1)

backend.fail('peers', new WireGuardError('no permission', { code: 'EPERM' }))
await assert.rejects(countActive(wg, 'wg0'), { code: 'EPERM' })
console.log('both tests passed')
