import { expect, it } from 'vitest'
import { open } from 'wgctrl'
import { makePair } from '../cli/pair.js'

it('waits for the first handshake of a real peer, and for a newer one', async () => {
  await using pair = await makePair()
  await using wg = await open({ backends: ['userspace'] })
  const { device } = pair.alice
  const { publicKey } = pair.bob
  const first = await wg.waitForHandshake(device, publicKey, { timeout: 60_000 })
  expect(first.publicKey).toBe(publicKey)
  const after = first.lastHandshake
  expect(after).toBeInstanceOf(Date)
  const next = wg.waitForHandshake(device, publicKey, { after, timeout: 60_000 })
  await pair.shakeHands()
  expect((await next).lastHandshake?.getTime()).toBeGreaterThan(Number(after))
})
