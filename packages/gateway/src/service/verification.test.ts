import {
  generatePresharedKey,
  generatePrivateKey,
  type PublicKey,
  publicKey,
  WireGuardError,
} from '@wgctrl/types'
import { expect, it } from 'vitest'
import type { Peer } from 'wgctrl'
import type { Client } from '../clients/client.js'
import { Verification } from './verification.js'

const { signal } = new AbortController()
const [one, other] = [generatePrivateKey(), generatePrivateKey()].map((key) => publicKey(key)) as [
  PublicKey,
  PublicKey,
]

const client = (host: number): Client => ({ allowedIPs: [`10.0.0.${host}/32`] })
const peer = (key: PublicKey, host: number, more = {}): Peer =>
  ({ publicKey: key, allowedIPs: client(host).allowedIPs, ...more }) as Peer

/** A device and a store, which throws what it has of errors; `meanwhile` happens while the device is read for the first time. */
function setUp(device: Peer[], store: Map<PublicKey, Client | Error>, meanwhile = () => {}) {
  const applied: [PublicKey, Client | null][][] = []
  const asked: PublicKey[] = []
  const failed: PublicKey[] = []
  let readings = 0
  const verification = new Verification({
    finder: {
      ask: async (key) => {
        asked.push(key)
        const client = store.get(key)
        if (client instanceof Error) throw client
        return client
      },
      toldSince: () => undefined,
    },
    peers: async () => {
      const seen = [...device]
      if (readings++ === 0) meanwhile()
      return seen
    },
    present: () => device.map(({ publicKey: key }) => key),
    onFailed: (_, key) => void failed.push(key),
  })
  const verify = (isAnew = true, by = signal) =>
    verification.run(isAnew, (changes) => void applied.push([...changes]), by)
  return { verify, applied, asked, failed, readings: () => readings }
}

it('applies the differences of those who are in, and wipes what it read', async () => {
  const presharedKey = generatePresharedKey()
  const device = [peer(one, 1), peer(other, 2, { presharedKey })]
  const { verify, applied, readings } = setUp(device, new Map([[one, client(3)]]))
  expect(await verify()).toBe(true)
  expect(applied).toEqual([
    [
      [one, client(3)],
      [other, null],
    ],
  ])
  expect(readings()).toBe(1)
  expect(() => presharedKey.toBase64()).toThrow()
})

it('takes nobody for changed who comes in while the device is read', async () => {
  const device = [peer(one, 1)]
  const store = new Map([
    [one, client(1)],
    [other, client(2)],
  ])
  const { verify, applied } = setUp(device, store, () => void device.push(peer(other, 2)))
  expect(await verify()).toBe(true)
  expect(applied).toEqual([])
})

it('finds that who comes in meanwhile is nobody any more', async () => {
  const device = [peer(one, 1)]
  const store = new Map([[one, client(1)]])
  const { verify, applied } = setUp(device, store, () => void device.push(peer(other, 2)))
  expect(await verify()).toBe(true)
  expect(applied).toEqual([[[other, null]]])
})

it('leaves a client as he is whose record cannot be used, tells it once, and asks for him alone again', async () => {
  const device = [peer(one, 1), peer(other, 2)]
  const unusable = new WireGuardError('no client', { code: 'EINVAL' })
  const store = new Map<PublicKey, Client | Error>([[one, unusable]])
  const { verify, applied, asked, failed } = setUp(device, store)
  expect(await verify()).toBe(false)
  expect(applied).toEqual([[[other, null]]])
  expect(asked.splice(0)).toEqual([one, other])
  expect(await verify(false)).toBe(false)
  expect(await verify(true)).toBe(false)
  expect(failed).toEqual([one])
  asked.length = 0
  store.delete(one)
  expect(await verify(false)).toBe(true)
  expect(asked).toEqual([one])
  expect(applied.at(-1)).toEqual([[one, null]])
})

it('asks for no more while the store seems away, and for those first who were not asked for', async () => {
  const keys = Array.from({ length: 70 }, () => publicKey(generatePrivateKey()))
  const away = new WireGuardError('status 500', { code: 'EAGAIN' })
  const store = new Map<PublicKey, Client | Error>(keys.slice(0, 40).map((key) => [key, away]))
  const { verify, applied, asked } = setUp(
    keys.map((key) => peer(key, 1)),
    store,
  )
  expect(await verify()).toBe(false)
  expect(asked.splice(0)).toEqual(keys.slice(0, 32))
  expect(await verify(false)).toBe(false)
  expect(applied.flat().map(([key]) => key)).toEqual(keys.slice(40))
  store.clear()
  expect(await verify(false)).toBe(true)
  expect(applied.flat()).toHaveLength(70)
})

it('forgets whom it has to ask for who is gone, and ends when it is told to', async () => {
  const device = [peer(one, 1)]
  const store = new Map([[one, new Error('unusable')]])
  const { verify, asked } = setUp(device, store)
  expect(await verify()).toBe(false)
  device.length = 0
  expect(await verify(false)).toBe(true)
  expect(asked).toEqual([one])
  device.push(peer(one, 1))
  await expect(verify(true, AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' })
})
