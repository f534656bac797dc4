import { readFileSync } from 'node:fs'
import { type AmneziaConfig, type DeviceConfig, SecretKey } from '@wgctrl/types'
import { describe, expect, it } from 'vitest'
import { KernelBackend } from './backend.js'
import { probe } from './probe.js'
import type { Transport } from './socket/transport.js'
import { attr, attributes, done, message, text } from './testing/bytes.js'
import { FakeKernel } from './testing/index.js'

const PEER = Buffer.alloc(32, 0xa1)
const KEY = SecretKey.from(Buffer.alloc(32, 0x22))

async function stage(amneziaVersion: 1 | 2 | 3 = 3) {
  const kernel = new FakeKernel({ amneziaVersion })
  const { openTransport } = kernel
  const backend = new KernelBackend({ dialect: 'amneziawg', openTransport })
  await backend.create('awg0')
  return { kernel, backend }
}

/** The number that the fake has for the family. */
const WIREGUARD = 34
const isOfFamily = (request: Uint8Array): boolean =>
  Buffer.from(request).readUInt16LE(4) === WIREGUARD

const EVERYTHING: AmneziaConfig = {
  ...{ jc: 4, jmin: 40, jmax: 70, s1: 15, s2: 16, s3: 17, s4: 18 },
  ...{ h1: '100-199', h2: 200, h3: '300-399', h4: '400-4294967295' },
  ...{ i1: '<b 0xdeadbeef><r 12><t>', i5: '<rc 5><rd 3>', contentPaddingAddition: '1-40' },
  ...{ rekeyAfterTime: '100-120', rekeyTimeout: 5, rejectAfterTime: 180 },
  ...{ keepaliveTimeout: '10-65535', maxHandshakeAttempts: 18 },
}

describe('devices of AmneziaWG', () => {
  it('are links of a kind of their own', async () => {
    const { kernel, backend } = await stage()
    kernel.addLink('wg0', 'wireguard')
    expect(kernel.links.get('awg0')?.kind).toBe('amneziawg')
    expect(await backend.list()).toEqual(['awg0'])
    await expect(backend.delete('wg0')).rejects.toThrow('wg0 is not an AmneziaWG interface')
    await backend.delete('awg0')
    expect(await backend.list()).toEqual([])
  })

  it('have all that was set', async () => {
    const { backend } = await stage()
    const peer = { publicKey: PEER, persistentKeepaliveRange: '15-30', allowedIPs: ['10.0.0.2'] }
    const other = { publicKey: Buffer.alloc(32, 0xb2), persistentKeepalive: 25 }
    const amnezia = { ...EVERYTHING, headerProtectionKey: KEY }
    await backend.configure('awg0', {
      listenPort: 1,
      firewallMark: 2,
      amnezia,
      peers: [peer, other],
    })
    const device = await backend.device('awg0')
    const { headerProtectionKey, ...others } = device.amnezia ?? {}
    expect(others).toEqual(EVERYTHING)
    expect(headerProtectionKey?.equals(KEY)).toBe(true)
    expect(device).toMatchObject({ kind: 'linux-kernel', listenPort: 1, firewallMark: 2 })
    expect(device).not.toHaveProperty('unknown')
    const [one, two] = device.peers
    const range = { persistentKeepalive: 15, persistentKeepaliveRange: '15-30' }
    expect(one).toMatchObject({ ...range, allowedIPs: ['10.0.0.2/32'] })
    expect(two).toMatchObject({ persistentKeepalive: 25 })
    expect(two).not.toHaveProperty('persistentKeepaliveRange')
  })

  it('are streamed, and read in parts', async () => {
    const kernel = new FakeKernel({ amneziaVersion: 3, datagramSize: 600 })
    const backend = new KernelBackend({ dialect: 'amneziawg', openTransport: kernel.openTransport })
    await backend.create('awg0')
    const peers = Array.from({ length: 100 }, (_, n) => ({
      publicKey: Buffer.alloc(32, n + 1),
      persistentKeepaliveRange: `${n + 1}-200`,
      allowedIPs: Array.from({ length: 9 }, (_, at) => `10.0.${n}.${at}/32`),
    }))
    await backend.configure('awg0', { amnezia: EVERYTHING, peers })
    const device = await backend.device('awg0')
    expect(device.amnezia).toEqual(EVERYTHING)
    const streamed = []
    for await (const peer of backend.peers('awg0')) streamed.push(peer)
    expect(streamed).toEqual(device.peers)
    expect(streamed.map(({ persistentKeepaliveRange }) => persistentKeepaliveRange)).toEqual(
      peers.map(({ persistentKeepaliveRange }) => persistentKeepaliveRange),
    )
  })

  it('are asked for before they are changed', async () => {
    const kernel = new FakeKernel({ amneziaVersion: 3 })
    const commands: string[] = []
    const openTransport = (protocol: number) => {
      const transport = kernel.openTransport(protocol)
      const sendSync = transport.sendSync.bind(transport)
      transport.sendSync = (bytes) => {
        if (isOfFamily(bytes)) commands.push(bytes[16] === 0 ? 'get' : 'set')
        sendSync(bytes)
      }
      return transport
    }
    const backend = new KernelBackend({ dialect: 'amneziawg', openTransport })
    await backend.create('awg0')
    await backend.configure('awg0', { listenPort: 1 })
    expect(commands).toEqual(['get', 'set'])
    commands.length = 0
    const missing = backend.configure('nothing', { listenPort: 1 })
    await expect(missing).rejects.toMatchObject({ code: 'ENODEV' })
    const other = backend.configure('lo', { listenPort: 1 })
    await expect(other).rejects.toMatchObject({ code: 'ENOTWIREGUARD' })
    expect(commands).toEqual(['get', 'get'])
  })

  it('refuse what their module has no word for, and say so', async () => {
    const { backend } = await stage()
    const refuse = (amnezia: AmneziaConfig, field: string) =>
      expect(backend.configure('awg0', { amnezia })).rejects.toMatchObject({
        code: 'EUNSUPPORTED',
        feature: 'amneziawg',
        message: expect.stringContaining(field),
      })
    await refuse({ randomTrailers: true }, 'amnezia.randomTrailers')
    await refuse({ headerProtectionKey: null }, 'amnezia.headerProtectionKey')
    await backend.configure('awg0', { amnezia: { jc: 3, randomTrailers: false } })
    expect((await backend.device('awg0')).amnezia?.jc).toBe(3)
  })

  it.each([
    [1, { h1: 7, h2: 2 }],
    [2, { h1: '7-9', h2: 2 }],
  ] as const)(
    'of a module with version %i can be read, and be given peers',
    async (version, headers) => {
      const { kernel, backend } = await stage(version)
      const device = kernel.devices.get('awg0')
      device?.apply({ replacePeers: false, peers: [], amnezia: { jc: 4, ...headers } })
      expect((await backend.device('awg0')).amnezia).toMatchObject({ jc: 4, ...headers })
      await backend.configure('awg0', { peers: [{ publicKey: PEER, persistentKeepalive: 25 }] })
      expect((await backend.device('awg0')).peers).toMatchObject([{ persistentKeepalive: 25 }])
      const tooOld = { code: 'EUNSUPPORTED', feature: 'amneziawg' }
      const change = backend.configure('awg0', { amnezia: { jc: 5 } })
      await expect(change).rejects.toMatchObject(tooOld)
      const peers = [{ publicKey: PEER, persistentKeepaliveRange: '1-2' }]
      await expect(backend.configure('awg0', { peers })).rejects.toMatchObject(tooOld)
    },
  )
})

it('tells what is missing where the kernel has no such module', async () => {
  const { openTransport } = new FakeKernel()
  const found = await probe({ dialect: 'amneziawg', openTransport })
  expect(found).toMatchObject({
    state: 'module-missing',
    message: expect.stringContaining('amneziawg'),
  })
  const amnezia = new FakeKernel({ amneziaVersion: 3 })
  expect(await probe({ dialect: 'amneziawg', openTransport: amnezia.openTransport })).toMatchObject(
    { state: 'ready', message: 'AmneziaWG version 3 is ready.' },
  )
  expect(await probe({ openTransport: amnezia.openTransport })).not.toMatchObject({
    state: 'ready',
  })
})

it('speaks of AmneziaWG where a link is of another kind, or may not be read', async () => {
  const kernel = new FakeKernel({ amneziaVersion: 3 })
  const { openTransport } = kernel
  const options = { dialect: 'amneziawg', openTransport } as const
  expect(await probe({ ...options, device: 'lo' })).toMatchObject({
    state: 'not-wireguard',
    message: 'lo is not an AmneziaWG interface.',
  })
  const backend = new KernelBackend(options)
  const message = expect.stringContaining('lo is not an AmneziaWG interface')
  await expect(backend.device('lo')).rejects.toMatchObject({ code: 'ENOTWIREGUARD', message })
  kernel.permitted = false
  expect(await probe(options)).toMatchObject({
    state: 'no-permission',
    message: expect.stringMatching(/^AmneziaWG is there/),
  })
})

it('leaves AmneziaWG alone where it is not asked for', async () => {
  const { openTransport } = new FakeKernel()
  const backend = new KernelBackend({ openTransport })
  await backend.create('wg0')
  const wanted = { code: 'EUNSUPPORTED', feature: 'amneziawg' }
  await expect(backend.configure('wg0', { amnezia: { jc: 4 } })).rejects.toMatchObject(wanted)
  const extra = { code: 'EUNSUPPORTED', feature: 'extra' }
  await expect(backend.configure('wg0', { extra: { a: '1' } })).rejects.toMatchObject(extra)
})

describe("what AmneziaWG's module said of a device that awg(8) had configured", () => {
  const file = new URL('../../../test/vectors/amneziawg-module.json', import.meta.url)
  const { answer } = JSON.parse(readFileSync(file, 'utf8')) as { answer: string }
  const ofModule = Buffer.from(answer, 'base64')
  const INDEX = 1
  const PEERS = 8

  const config: DeviceConfig = {
    ...{ privateKey: Buffer.alloc(32, 1), listenPort: 1, firewallMark: 2 },
    amnezia: { ...EVERYTHING, headerProtectionKey: KEY },
    peers: [
      { publicKey: PEER, persistentKeepaliveRange: '15-30', allowedIPs: ['10.0.0.2'] },
      { publicKey: Buffer.alloc(32, 0xb2), persistentKeepalive: 25 },
    ],
  }

  /** Answers dumps as the module did, and all else as the fake does. */
  function openReplay(base: Transport): Transport {
    const queue: Buffer[] = []
    const sendSync = (bytes: Uint8Array): void => {
      const request = Buffer.from(bytes)
      if (isOfFamily(request) && request[16] === 0) {
        const part = message(WIREGUARD, 2, request.readUInt32LE(8), ofModule)
        queue.push(Buffer.concat([part, done(request)]))
      } else base.sendSync(bytes)
    }
    const receiveSync = (into: Uint8Array): number | undefined => {
      const next = queue.shift()
      if (!next) return base.receiveSync(into)
      into.set(next)
      return next.length
    }
    return {
      sendSync,
      send: async (bytes) => sendSync(bytes),
      receiveSync,
      receive: async (into) => receiveSync(into),
      close: () => base.close(),
    }
  }

  it('is read as it was configured', async () => {
    const kernel = new FakeKernel({ amneziaVersion: 3 })
    const openTransport = (protocol: number) => openReplay(kernel.openTransport(protocol))
    const backend = new KernelBackend({ dialect: 'amneziawg', openTransport })
    const { amnezia, peers, ...device } = await backend.device('awg0')
    const { headerProtectionKey, ...others } = amnezia ?? {}
    expect(others).toEqual(EVERYTHING)
    expect(headerProtectionKey?.equals(KEY)).toBe(true)
    expect(device).toMatchObject({ name: 'awg0', listenPort: 1, firewallMark: 2 })
    expect(device).not.toHaveProperty('unknown')
    expect(peers).toMatchObject([
      { persistentKeepaliveRange: '15-30', allowedIPs: ['10.0.0.2/32'] },
      { persistentKeepalive: 25, allowedIPs: [] },
    ])
  })

  it('is what the fake says of it, byte for byte and in the same order', async () => {
    const { kernel, backend } = await stage()
    await backend.configure('awg0', config)
    const transport = kernel.openTransport(16)
    const get = message(WIREGUARD, 0x305, 1, Buffer.from([0, 1, 0, 0]), attr(2, text('awg0')))
    transport.sendSync(get)
    const into = Buffer.alloc(65_536)
    expect(transport.receiveSync(into)).toBeGreaterThan(16)
    const ofFake = into.subarray(16, into.readUInt32LE(0))
    const ofDevice = (bytes: Buffer) =>
      attributes(bytes.subarray(4)).flatMap(({ type, payload }) =>
        type === INDEX || type === PEERS ? [] : `${type} ${payload.toString('hex')}`,
      )
    expect(ofDevice(ofFake)).toEqual(ofDevice(ofModule))
  })
})
