import { expect, it } from 'vitest'
import type { Bench } from '../bench.js'
import { keyPair, networks, peerKey, secret } from '../samples.js'

/** More than are read by the tables alone, and than one message holds. */
const PEERS = 150

/** Of which one has more networks than one message and one piece of text hold. */
const peers = Array.from({ length: PEERS }, (_, n) => ({
  publicKey: peerKey(n),
  allowedIPs: n === 40 ? networks(3000, n * 5000) : networks(n % 4, n * 4),
  ...(n % 3 === 0 && { presharedKey: secret(n) }),
  ...(n % 2 === 0 && { endpoint: `127.0.0.1:${n + 1}` }),
  ...(n % 5 === 0 && { persistentKeepalive: n + 1 }),
}))

/** What a reading is of which no more is asked than who is there. */
export function activity(bench: Bench): void {
  const { traits } = bench

  it('shows of peers whether they are there, and of the device all', async () => {
    const { wg } = bench
    if (wg.activity === undefined) {
      expect(traits.showsActivity).toBe(false)
      return
    }
    expect(traits.showsActivity).toBe(true)
    const { privateKey } = keyPair(7000)
    const name = await bench.newDevice({ privateKey, firewallMark: 7, peers })
    const device = await wg.device(name)
    const { peers: found, ...rest } = await wg.activity(name)
    const { peers: whole, ...all } = device
    expect(rest).toEqual(all)
    const shown = whole.map(({ publicKey, lastHandshake }) => ({
      publicKey,
      ...(lastHandshake && { lastHandshake }),
      // Of one that is called to: what is sent goes on.
      receivedBytes: 0,
      transmittedBytes: expect.any(Number),
    }))
    const byKey = (one: { publicKey: string }, other: { publicKey: string }) =>
      one.publicKey < other.publicKey ? -1 : 1
    expect([...found].sort(byKey)).toEqual(shown.sort(byKey))
  })

  it('is of an empty device, and of none that is not there', async () => {
    const { wg } = bench
    if (wg.activity === undefined) {
      expect(traits.showsActivity).toBe(false)
      return
    }
    expect((await wg.activity(await bench.newDevice())).peers).toEqual([])
    await expect(wg.activity('wgnone')).rejects.toMatchObject({
      code: 'ENODEV',
      operation: 'device',
      device: 'wgnone',
    })
  })
}
