import { join } from 'node:path'
import { type AmneziaConfig, SecretKey } from '@wgctrl/types'
import { FakeDevice } from '@wgctrl/types/testing'
import { expect, it, onTestFinished } from 'vitest'
import { UserspaceBackend } from './backend.js'
import { temporaryDirectory } from './sockets.fixture.js'
import { FakeUapiServer } from './testing/index.js'

const PEER = Buffer.alloc(32, 0xa1)

async function stage(implementation: 'amneziawg-go' | 'wireguard-go' = 'amneziawg-go') {
  const socketDir = await temporaryDirectory()
  const path = join(socketDir, 'awg0.sock')
  const fake = await FakeUapiServer.listen(path, new FakeDevice('awg0'), implementation)
  onTestFinished(() => fake[Symbol.asyncDispose]())
  const backend = new UserspaceBackend({ socketDir, dialect: 'amneziawg' })
  return { backend, fake, socketDir }
}

it('reads what a device has that nobody configured', async () => {
  const { backend } = await stage()
  const { amnezia } = await backend.device('awg0')
  const flags = { randomTrailers: false, disableCookies: false }
  expect(amnezia).toEqual({ h1: 1, h2: 2, h3: 3, h4: 4, ...flags })
})

it('reads back what it set, and clears it', async () => {
  const { backend } = await stage()
  const amnezia = {
    ...{ jc: 4, jmin: 40, jmax: 70, s1: 15, s2: 16, s3: 17, s4: 18 },
    ...{ h1: '100-199', h2: 200, h3: '300-399', h4: '400-4294967295' },
    ...{ i1: '<b 0xdeadbeef><r 12><t>', i5: '<rc 5><rd 3>', contentPaddingAddition: '1-40' },
    ...{ rekeyAfterTime: '100-120', rekeyTimeout: 5, rejectAfterTime: 180 },
    ...{ keepaliveTimeout: '10-12', maxHandshakeAttempts: 18 },
    ...{ randomTrailers: true, disableCookies: true },
  }
  const peers = [{ publicKey: PEER, persistentKeepaliveRange: '15-30', allowedIPs: ['10.0.0.2'] }]
  const headerProtectionKey = SecretKey.from(Buffer.alloc(32, 0x22))
  await backend.configure('awg0', { amnezia: { ...amnezia, headerProtectionKey }, peers })
  const device = await backend.device('awg0')
  const { headerProtectionKey: key, ...others } = device.amnezia ?? {}
  expect(others).toEqual(amnezia)
  expect(key?.equals(headerProtectionKey)).toBe(true)
  expect(device.peers).toMatchObject([
    { persistentKeepalive: 15, persistentKeepaliveRange: '15-30', allowedIPs: ['10.0.0.2/32'] },
  ])
  const names = Object.keys(device.amnezia ?? {}) as (keyof AmneziaConfig)[]
  const cleared = Object.fromEntries(names.map((name) => [name, null]))
  await backend.configure('awg0', {
    amnezia: cleared,
    peers: [{ publicKey: PEER, persistentKeepalive: 25 }],
  })
  const after = await backend.device('awg0')
  const flags = { randomTrailers: false, disableCookies: false }
  expect(after.amnezia).toEqual({ h1: 1, h2: 2, h3: 3, h4: 4, ...flags })
  expect(after.peers[0]).toMatchObject({ persistentKeepalive: 25 })
  expect(after.peers[0]).not.toHaveProperty('persistentKeepaliveRange')
})

it('sends lines that have no field as they are; what the daemon does not know it refuses', async () => {
  const { backend, fake } = await stage()
  const change = backend.configure('awg0', { extra: { later: '1' } })
  await expect(change).rejects.toMatchObject({ code: 'EINVAL', device: 'awg0' })
  expect(fake.requests.at(-2)).toBe('set=1\nlater=1')
})

it('sends nothing of it to a device of plain WireGuard', async () => {
  const { fake, socketDir } = await stage('wireguard-go')
  const backend = new UserspaceBackend({ socketDir })
  const change = backend.configure('awg0', { amnezia: { jc: 4 } })
  await expect(change).rejects.toMatchObject({ code: 'EUNSUPPORTED', feature: 'amneziawg' })
  expect(fake.requests).toEqual([])
})

it('has its devices and its daemon elsewhere', async () => {
  const backend = new UserspaceBackend({ dialect: 'amneziawg' })
  expect(backend.lineOf('awg0')).toBe('/var/run/amneziawg/awg0')
  const options = { socketDir: '/nowhere', dialect: 'amneziawg', daemon: undefined } as const
  const creation = new UserspaceBackend(options).create('awg0')
  await expect(creation).rejects.toThrow('amneziawg-go puts its socket into /var/run/amneziawg')
  expect(() => new UserspaceBackend({ dialect: 'other' as never })).toThrow(TypeError)
})
