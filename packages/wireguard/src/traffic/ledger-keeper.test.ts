import { generatePrivateKey, publicKey } from '@wgctrl/types'
import { MemoryBackend } from '@wgctrl/types/testing'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { open, TrafficLedger } from '../index.js'

const ALICE = publicKey(generatePrivateKey())
const BOB = publicKey(generatePrivateKey())

async function client() {
  const backend = new MemoryBackend()
  await backend.create('wg0')
  await backend.configure('wg0', { peers: [{ publicKey: ALICE }, { publicKey: BOB }] })
  const wg = await open({ backends: [backend] })
  onTestFinished(() => wg.close())
  const ledger = new TrafficLedger()
  const traffic = (key: string, receivedBytes: number) => {
    backend.devices.get('wg0')?.pretend(key, { receivedBytes })
  }
  const isCounted = (key: string, receivedBytes: number) =>
    vi.waitFor(() => expect(ledger.total(key)).toMatchObject({ receivedBytes }))
  return { backend, traffic, isCounted, wg, ledger }
}

const never = { interval: 3_600_000 }

describe('keepLedger', () => {
  it.each([
    ['removes it', { peers: [{ publicKey: ALICE, remove: true }] }],
    ['replaces all peers', { replacePeers: true, peers: [{ publicKey: BOB }] }],
    [
      'makes it anew at once',
      { peers: [{ publicKey: ALICE, remove: true }, { publicKey: ALICE }] },
    ],
  ])('counts what a peer has before this client %s, each time', async (_, change) => {
    const { traffic, isCounted, wg, ledger } = await client()
    await using _keeper = wg.keepLedger(ledger, never)
    traffic(BOB, 1)
    await isCounted(BOB, 1)
    for (let round = 1; round <= 3; round++) {
      traffic(ALICE, 100)
      await wg.configure('wg0', change)
      expect(ledger.total(ALICE).receivedBytes).toBe(100 * round)
      await wg.configure('wg0', { peers: [{ publicKey: ALICE }] })
    }
  })

  it('does so for sync and delete', async () => {
    const { traffic, isCounted, wg, ledger } = await client()
    await using _ = wg.keepLedger(ledger, never)
    traffic(BOB, 1)
    await isCounted(BOB, 1)
    traffic(ALICE, 7)
    await wg.sync('wg0', { peers: [{ publicKey: BOB }] })
    expect(ledger.total(ALICE).receivedBytes).toBe(7)
    traffic(BOB, 9)
    await wg.delete('wg0')
    expect(ledger.total(BOB).receivedBytes).toBe(9)
    expect(ledger.toJSON().devices).toEqual({})
  })

  it('reads in its interval, and at its end', async () => {
    const { traffic, isCounted, wg, ledger } = await client()
    const keeper = wg.keepLedger(ledger, { device: 'wg0', interval: 5 })
    traffic(ALICE, 5)
    await isCounted(ALICE, 5)
    traffic(ALICE, 8)
    await isCounted(ALICE, 8)
    await keeper.close()
    await using last = wg.keepLedger(ledger, never)
    await vi.waitFor(() => expect(ledger.toJSON().devices).toHaveProperty('wg0'))
    traffic(ALICE, 20)
    await last.close()
    expect(ledger.total(ALICE).receivedBytes).toBe(20)
  })

  it('ends with the client, and lets it remove peers of a device that is not read', async () => {
    const { backend, traffic, isCounted, wg, ledger } = await client()
    const errors: unknown[] = []
    wg.keepLedger(ledger, { interval: 5, onError: (error) => errors.push(error) })
    traffic(ALICE, 5)
    await isCounted(ALICE, 5)
    backend.fail('device', new Error('no answer'))
    await vi.waitFor(() => expect(errors.length).toBeGreaterThan(0))
    await wg.configure('wg0', { peers: [{ publicKey: ALICE, remove: true }] })
    expect(ledger.toJSON().devices['wg0']).not.toHaveProperty(ALICE)
    backend.fail('device', undefined)
    traffic(BOB, 4)
    await wg.close()
    expect(ledger.total(BOB).receivedBytes).toBe(4)
    expect(() => wg.keepLedger(ledger)).toThrow(expect.objectContaining({ code: 'ECLOSED' }))
  })

  it('begins at 0 for a device that is made anew', async () => {
    const { backend, traffic, isCounted, wg, ledger } = await client()
    await using _ = wg.keepLedger(ledger, { interval: 5 })
    traffic(ALICE, 5)
    await isCounted(ALICE, 5)
    await backend.delete('wg0')
    await vi.waitFor(() => expect(ledger.toJSON().devices).toEqual({}))
    await backend.create('wg0')
    await backend.configure('wg0', { peers: [{ publicKey: ALICE }] })
    traffic(ALICE, 6)
    await isCounted(ALICE, 11)
  })

  it('refuses what is wrong', async () => {
    const { wg, ledger } = await client()
    const at = (path: string) => expect.objectContaining({ code: 'EINVAL', path })
    expect(() => wg.keepLedger({} as TrafficLedger)).toThrow(at('ledger'))
    expect(() => wg.keepLedger(ledger, { interval: 0 })).toThrow(at('options.interval'))
    expect(() => wg.keepLedger(ledger, { name: 'wg0' } as object)).toThrow(at('options.name'))
  })
})
