import { generatePresharedKey, generatePrivateKey, publicKey } from '@wgctrl/types'
import { MemoryBackend } from '@wgctrl/types/testing'
import { expect, it, onTestFinished } from 'vitest'
import { open, toConfig } from './index.js'

const ALICE = publicKey(generatePrivateKey())
const BOB = publicKey(generatePrivateKey())

async function client() {
  const wg = await open({ backends: [new MemoryBackend()] })
  onTestFinished(() => wg.close())
  await wg.create('wg0')
  await wg.configure('wg0', {
    privateKey: generatePrivateKey(),
    listenPort: 7,
    firewallMark: 9,
    amnezia: { jc: 4, h1: '5-9', headerProtectionKey: generatePresharedKey() },
    peers: [
      {
        publicKey: ALICE,
        presharedKey: generatePresharedKey(),
        endpoint: '192.0.2.1:5',
        persistentKeepaliveRange: '25-30',
        allowedIPs: ['10.0.0.2'],
      },
      { publicKey: BOB },
    ],
  })
  return wg
}

it('toConfig makes another device the same', async () => {
  const wg = await client()
  await wg.create('wg1')
  await wg.configure('wg1', { peers: [{ publicKey: publicKey(generatePrivateKey()) }] })
  const device = await wg.device('wg0')
  await wg.configure('wg1', toConfig(device))
  const copy = await wg.device('wg1')
  expect({ ...copy, name: 'wg0' }).toEqual(device)
  expect(copy.privateKey?.equals(device.privateKey ?? '')).toBe(true)
  const protection = device.amnezia?.headerProtectionKey ?? ''
  expect(copy.amnezia?.headerProtectionKey?.equals(protection)).toBe(true)
  expect(await wg.sync('wg1', toConfig(device), { dryRun: true })).toEqual([])
})

it.each([undefined, 0, 60_000])(
  'device without secrets has all but them, with maxAge %s',
  async (maxAge) => {
    const wg = await client()
    const whole = await wg.device('wg0', { maxAge: 60_000 })
    const device = await wg.device('wg0', { secrets: false, maxAge })
    expect(device).not.toHaveProperty('privateKey')
    expect(device.amnezia).toEqual({ jc: 4, h1: '5-9' })
    expect(device.publicKey).toBe(whole.publicKey)
    const [alice, bob] = whole.peers
    const { presharedKey, ...rest } = alice as typeof alice & object
    expect(device.peers).toEqual([rest, bob])
    // What others share is still there.
    expect(whole.amnezia?.headerProtectionKey?.isZero).toBe(false)
    expect(presharedKey?.isZero).toBe(false)
  },
)
