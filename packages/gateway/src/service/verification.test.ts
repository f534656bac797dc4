import { generatePresharedKey, generatePrivateKey, type PublicKey, publicKey } from '@wgctrl/types'
import { expect, it } from 'vitest'
import type { Peer } from 'wgctrl'
import type { Client } from '../clients/client.js'
import { verifyClients } from './verification.js'

const { signal } = new AbortController()
const [one, other] = [generatePrivateKey(), generatePrivateKey()].map((key) => publicKey(key)) as [
  PublicKey,
  PublicKey,
]

const client = (host: number): Client => ({ allowedIPs: [`10.0.0.${host}/32`] })
const peer = (key: PublicKey, host: number, more = {}): Peer =>
  ({ publicKey: key, allowedIPs: client(host).allowedIPs, ...more }) as Peer

/** A device and a store; `meanwhile` happens while the device is read for the first time. */
function setUp(device: Peer[], store: Map<PublicKey, Client>, meanwhile = () => {}) {
  const applied: [PublicKey, Client | null][][] = []
  let readings = 0
  const context = {
    finder: { ask: async (key: PublicKey) => store.get(key), toldSince: () => undefined },
    peers: async () => {
      const seen = [...device]
      if (readings++ === 0) meanwhile()
      return seen
    },
    present: () => device.map(({ publicKey: key }) => key),
    apply: async (changes: ReadonlyMap<PublicKey, Client | null>) =>
      void applied.push([...changes]),
  }
  return { context, applied, readings: () => readings }
}

it('applies the differences of those who are in, and wipes what it read', async () => {
  const presharedKey = generatePresharedKey()
  const device = [peer(one, 1), peer(other, 2, { presharedKey })]
  const { context, applied, readings } = setUp(device, new Map([[one, client(3)]]))
  await verifyClients(context, signal)
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
  const { context, applied } = setUp(device, store, () => void device.push(peer(other, 2)))
  await verifyClients(context, signal)
  expect(applied).toEqual([])
})

it('finds that who comes in meanwhile is nobody any more', async () => {
  const device = [peer(one, 1)]
  const store = new Map([[one, client(1)]])
  const { context, applied } = setUp(device, store, () => void device.push(peer(other, 2)))
  await verifyClients(context, signal)
  expect(applied).toEqual([[[other, null]]])
})
