import { type DeviceConfig, formatPublicKey } from '@wgctrl/types'
import { MemoryBackend } from '@wgctrl/types/testing'
import { describe, expect, it } from 'vitest'
import { open } from './index.js'

const keyOf = (n: number) => formatPublicKey(new Uint8Array(32).fill(n))
const stateOf = (...keys: number[]): DeviceConfig => ({
  peers: keys.map((n) => ({ publicKey: keyOf(n), allowedIPs: [`10.0.0.${n}/32`] })),
})

async function twoClients() {
  const backend = new MemoryBackend()
  await backend.create('wg0')
  const clients = await Promise.all([1, 2].map(() => open({ backends: [backend] })))
  const keys = async () => (await backend.device('wg0')).peers.map(({ publicKey }) => publicKey)
  return { backend, clients: clients as [(typeof clients)[0], (typeof clients)[0]], keys }
}

/** As `Promise.withResolvers`, which Node has from 22 on. */
function withResolvers<T>() {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}

describe('calls that read and write', () => {
  it('sync twice leaves what the last one wants, also through another client', async () => {
    const { clients, keys } = await twoClients()
    for (const last of clients) {
      await Promise.all([clients[0].sync('wg0', stateOf(1, 2)), last.sync('wg0', stateOf(1))])
      expect(await keys()).toEqual([keyOf(1)])
    }
  })

  it('sync beside configure keeps both', async () => {
    const { clients, keys } = await twoClients()
    await Promise.all([
      clients[0].sync('wg0', stateOf(1)),
      clients[1].configure('wg0', stateOf(2)),
      clients[0].configure('wg0', stateOf(3)),
    ])
    expect((await keys()).sort()).toEqual([keyOf(1), keyOf(2), keyOf(3)])
  })

  it('a read behind a sync sees what it made', async () => {
    const { clients } = await twoClients()
    const [, device] = await Promise.all([
      clients[0].sync('wg0', stateOf(1)),
      clients[1].device('wg0'),
    ])
    expect(device.peers).toHaveLength(1)
  })

  it('devices() and names() show what is there while a call holds the line', async () => {
    const { backend, clients, keys } = await twoClients()
    const configure = backend.configure.bind(backend)
    const { promise: gate, resolve: open } = withResolvers<void>()
    backend.configure = async (...args) => {
      await gate
      await configure(...args)
    }
    const sync = clients[0].sync('wg0', stateOf(1))
    expect(await clients[1].names()).toEqual(['wg0'])
    expect(await clients[1].devices()).toMatchObject([{ name: 'wg0', peers: [] }])
    open()
    await sync
    expect(await keys()).toEqual([keyOf(1)])
  })

  it('keeps the order of changes where some wait for names, and holds up no reads', async () => {
    const { backend } = await twoClients()
    const asked = withResolvers<void>()
    const answered = withResolvers<{ address: string; family: number }[]>()
    const lookup = () => {
      asked.resolve()
      return answered.promise
    }
    const wg = await open({ backends: [backend], resolve: { lookup } })
    const named = { peers: [{ publicKey: keyOf(1), endpoint: 'vpn.example.net:1' }] }
    const slow = wg.sync('wg0', named)
    const last = wg.sync('wg0', stateOf(2))
    await asked.promise
    expect((await wg.device('wg0')).peers).toEqual([])
    answered.resolve([{ address: '192.0.2.1', family: 4 }])
    await Promise.all([slow, last])
    expect((await wg.device('wg0')).peers.map(({ publicKey }) => publicKey)).toEqual([keyOf(2)])
  })
})
