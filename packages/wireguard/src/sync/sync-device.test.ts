import { networkInterfaces } from 'node:os'
import {
  type CallOptions,
  type ComparedDevice,
  type Device,
  type DeviceConfig,
  type ExpectedPeers,
  formatPublicKey,
  generatePrivateKey,
  type PeerConfig,
  publicKey,
} from '@wgctrl/types'
import { MemoryBackend } from '@wgctrl/types/testing'
import { describe, expect, it } from 'vitest'
import { open } from '../index.js'
import { syncDevice } from './sync-device.js'

const key = formatPublicKey(new Uint8Array(32).fill(1))
const desired: DeviceConfig = {
  listenPort: 1,
  peers: [{ publicKey: key, allowedIPs: ['10.0.0.1'] }],
}

class CountingBackend extends MemoryBackend {
  readonly sent: [DeviceConfig, CallOptions | undefined][] = []

  override configure(name: string, config: DeviceConfig, options?: CallOptions): Promise<void> {
    this.sent.push([config, options])
    return super.configure(name, config, options)
  }
}

/** One that leaves out the peers that are expected, as if each were found as it should be. */
class ComparingBackend extends CountingBackend {
  readonly expected: (readonly PeerConfig[])[] = []

  async compared(
    name: string,
    { peers }: ExpectedPeers,
    options?: CallOptions,
  ): Promise<ComparedDevice> {
    this.expected.push(peers)
    const device = await super.device(name, options)
    const found = new Set(device.peers.map(({ publicKey }) => publicKey))
    const unchanged = Uint8Array.from(peers, (peer) =>
      found.has(peer.publicKey as string) ? 1 : 0,
    )
    const keys = new Set(peers.map((peer) => peer.publicKey))
    const rest = device.peers.filter(({ publicKey }) => !keys.has(publicKey))
    return { device: { ...device, peers: rest }, unchanged }
  }

  override device(): Promise<Device> {
    throw new Error('the whole of the device was read')
  }
}

async function makeBackend(): Promise<CountingBackend> {
  const backend = new CountingBackend()
  await backend.create('wg0')
  return backend
}

describe('syncDevice', () => {
  it('sends the differences and says them, and then nothing more', async () => {
    const backend = await makeBackend()
    const changes = await syncDevice(backend, 'wg0', desired)
    expect(changes.map(({ kind }) => kind)).toEqual(['listen-port', 'peer-added'])
    expect(await backend.device('wg0')).toMatchObject({
      listenPort: 1,
      peers: [{ publicKey: key, allowedIPs: ['10.0.0.1/32'] }],
    })
    expect(await syncDevice(backend, 'wg0', desired)).toEqual([])
    expect(backend.sent).toHaveLength(1)
  })

  describe('beside a backend that can be told what to expect', () => {
    const known = { publicKey: key, persistentKeepalive: 7 }
    const stranger = formatPublicKey(new Uint8Array(32).fill(2))

    async function makeComparing(): Promise<ComparingBackend> {
      const backend = new ComparingBackend()
      await backend.create('wg0')
      await backend.configure('wg0', { peers: [{ publicKey: key }, { publicKey: stranger }] })
      return backend
    }

    it('looks at the rest of the peers alone', async () => {
      const backend = await makeComparing()
      const changes = await syncDevice(backend, 'wg0', { peers: [known] }, { dryRun: true })
      expect(changes).toEqual([{ kind: 'peer-removed', publicKey: stranger }])
      expect(backend.expected).toEqual([[known]])
    })

    it('does so as a client', async () => {
      const backend = await makeComparing()
      await using wg = await open({ backends: [backend] })
      expect(await wg.sync('wg0', { peers: [known] })).toHaveLength(1)
      expect(backend.expected).toHaveLength(2)
      expect(backend.sent.at(-1)?.[0]).toEqual({ peers: [{ publicKey: stranger, remove: true }] })
    })

    it('has nothing to expect of entries that may pass networks on', async () => {
      const backend = await makeComparing()
      const passing = { publicKey: key, replaceAllowedIPs: false, allowedIPs: ['10.0.0.0/8'] }
      const call = syncDevice(backend, 'wg0', { peers: [passing] }, { dryRun: true })
      await expect(call).rejects.toThrow('the whole of the device was read')
    })

    it('refuses to be given the key of the device as a peer that is as it should be', async () => {
      const backend = await makeComparing()
      const privateKey = generatePrivateKey()
      const own = publicKey(privateKey)
      await backend.configure('wg0', { peers: [{ publicKey: own }] })
      const call = syncDevice(backend, 'wg0', { privateKey, peers: [{ publicKey: own }] })
      await expect(call).rejects.toMatchObject({ code: 'EINVAL', path: 'peers[0].publicKey' })
    })

    it('gives no network to one peer that another is to keep', async () => {
      const backend = await makeComparing()
      const keeper = { publicKey: key, allowedIPs: ['10.0.0.0/8'] }
      const third = formatPublicKey(new Uint8Array(32).fill(3))
      const peers = [keeper, { publicKey: third, allowedIPs: ['10.0.0.0/8'] }]
      const call = syncDevice(backend, 'wg0', { peers })
      await expect(call).rejects.toMatchObject({ code: 'EINVAL', path: 'peers[1].allowedIPs' })
    })
  })

  it.each(['privateKey', 'presharedKey'])(
    'refuses a reading whose %s was cloned',
    async (field) => {
      const backend = await makeBackend()
      const secret = new Uint8Array(32).fill(8)
      const isPeers = field === 'presharedKey'
      await backend.configure('wg0', {
        ...(!isPeers && { privateKey: secret }),
        peers: [{ publicKey: key, ...(isPeers && { presharedKey: secret }) }],
      })
      const device = backend.device.bind(backend)
      backend.device = async (...args) => structuredClone(await device(...args))
      await expect(syncDevice(backend, 'wg0', desired)).rejects.toMatchObject({
        code: 'EINVAL',
        path: isPeers ? 'current.peers[0].presharedKey' : 'current.privateKey',
      })
      expect(backend.sent).toHaveLength(1)
    },
  )

  it('zeroes the keys that it read', async () => {
    const backend = await makeBackend()
    const privateKey = new Uint8Array(32).fill(8)
    await backend.configure('wg0', {
      privateKey,
      peers: [{ publicKey: key, presharedKey: privateKey }],
    })
    const read: Device[] = []
    const device = backend.device.bind(backend)
    backend.device = async (...args) => {
      const found = await device(...args)
      read.push(found)
      return found
    }
    await syncDevice(backend, 'wg0', desired, { dryRun: true })
    await syncDevice(backend, 'wg0', { ...desired, listenPort: -1 }).catch(() => {})
    expect(read).toHaveLength(2)
    for (const { privateKey, peers } of read) {
      expect(() => privateKey?.toBytes()).toThrow(/wiped/)
      expect(() => peers[0]?.presharedKey?.toBytes()).toThrow(/wiped/)
    }
  })

  it('sends nothing when it is a dry run', async () => {
    const backend = await makeBackend()
    const changes = await syncDevice(backend, 'wg0', desired, { dryRun: true })
    expect(changes).toHaveLength(2)
    expect(backend.sent).toEqual([])
    expect(await syncDevice(backend, 'wg0', desired)).toEqual(changes)
  })

  it('sends nothing when the desired state is wrong', async () => {
    const backend = await makeBackend()
    const wrong = { ...desired, listenPort: -1 }
    await expect(syncDevice(backend, 'wg0', wrong)).rejects.toThrow(RangeError)
    expect(backend.sent).toEqual([])
  })

  it('lets others have a turn while it compares many peers, in whichever order', async () => {
    const backend = await makeBackend()
    const peers = Array.from({ length: 3000 }, (_, index) => ({
      publicKey: formatPublicKey(Buffer.alloc(32, `${index} of many peers `)),
      allowedIPs: [`10.0.${index >> 8}.${index & 255}/32`],
    }))
    await backend.configure('wg0', { peers })
    let turns = 0
    const count = (): void => {
      turns++
      next = setImmediate(count)
    }
    let next = setImmediate(count)
    expect(await syncDevice(backend, 'wg0', { peers: peers.toReversed() })).toEqual([])
    clearImmediate(next)
    expect(turns).toBeGreaterThan(8)
  })

  it('makes more changes than a call can have arguments', async () => {
    const backend = await makeBackend()
    const allowedIPs = Array.from(
      { length: 130_000 },
      (_, n) => `10.${n >> 14}.${(n >> 6) & 255}.${(n & 63) << 2}/30`,
    )
    await backend.configure('wg0', { peers: [{ publicKey: key }] })
    const changes = await syncDevice(backend, 'wg0', { peers: [{ publicKey: key, allowedIPs }] })
    expect(changes).toHaveLength(130_000)
  })

  it('shares one time limit among its calls, and hands the signal on', async () => {
    const backend = await makeBackend()
    const { signal } = new AbortController()
    await syncDevice(backend, 'wg0', desired, { timeout: 60_000, signal })
    const [, options] = backend.sent[0] ?? []
    expect(options?.signal).toBe(signal)
    expect(options?.timeout).toBeGreaterThan(0)
    expect(options?.timeout).toBeLessThanOrEqual(60_000)
  })

  it('tells the backend whose device it is: it has just read it', async () => {
    const backend = await makeBackend()
    await syncDevice(backend, 'wg0', desired)
    expect(backend.sent.at(-1)?.[1]).toMatchObject({ ownKey: null })
    const privateKey = generatePrivateKey()
    await syncDevice(backend, 'wg0', { ...desired, privateKey })
    await syncDevice(backend, 'wg0', {})
    expect(backend.sent.at(-1)?.[1]).toMatchObject({ ownKey: publicKey(privateKey) })
  })

  it('stops at an aborted signal and at a missing device', async () => {
    const backend = await makeBackend()
    const signal = AbortSignal.abort()
    await expect(syncDevice(backend, 'wg0', desired, { signal })).rejects.toThrow(/aborted/)
    await expect(syncDevice(backend, 'wg1', desired)).rejects.toMatchObject({ code: 'ENODEV' })
    expect(backend.sent).toEqual([])
  })

  it('sends again what another changed meanwhile', async () => {
    const backend = await makeBackend()
    const other = formatPublicKey(new Uint8Array(32).fill(2))
    const configure = backend.configure.bind(backend)
    let times = 2
    backend.configure = async (...args) => {
      await configure(...args)
      if (times-- > 0) await configure('wg0', { peers: [{ publicKey: other }] })
    }
    const changes = await syncDevice(backend, 'wg0', desired)
    expect(changes.map(({ kind }) => kind)).toEqual([
      'listen-port',
      'peer-added',
      'peer-removed',
      'peer-removed',
    ])
    expect((await backend.device('wg0')).peers.map(({ publicKey }) => publicKey)).toEqual([key])
  })

  it('is EAGAIN when others change the device after every try', async () => {
    const backend = await makeBackend()
    const other = formatPublicKey(new Uint8Array(32).fill(2))
    const configure = backend.configure.bind(backend)
    backend.configure = async (...args) => {
      await configure(...args)
      await configure('wg0', { peers: [{ publicKey: other }] })
    }
    await expect(syncDevice(backend, 'wg0', desired)).rejects.toMatchObject({ code: 'EAGAIN' })
  })

  it('takes an endpoint that moved by itself for no change of others', async () => {
    const backend = await makeBackend()
    const configure = backend.configure.bind(backend)
    backend.configure = async (...args) => {
      await configure(...args)
      await configure('wg0', { peers: [{ publicKey: key, endpoint: '192.0.2.9:9' }] })
    }
    const wanted = { peers: [{ publicKey: key, endpoint: '192.0.2.1:1' }] }
    expect(await syncDevice(backend, 'wg0', wanted)).toHaveLength(1)
    expect(backend.sent).toHaveLength(2)
  })

  it.each(['constructor', '__proto__', 'no-such'])(
    'takes %s for the name of no link',
    async (scopeId) => {
      const backend = await makeBackend()
      const peers = [{ publicKey: key, endpoint: `[fe80::1%${scopeId}]:1` }]
      expect(await syncDevice(backend, 'wg0', { peers })).toHaveLength(1)
      expect(await syncDevice(backend, 'wg0', { peers })).toEqual([])
    },
  )

  it('keeps what it is told to keep', async () => {
    const backend = await makeBackend()
    await backend.configure('wg0', { firewallMark: 7 })
    const desired = { firewallMark: null }
    expect(await syncDevice(backend, 'wg0', desired, { keep: ['firewallMark'] })).toEqual([])
    const changes = await syncDevice(backend, 'wg0', desired)
    expect(changes).toMatchObject([{ kind: 'firewall-mark', to: 0 }])
  })

  const scoped = Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses.flatMap((address) =>
      address.family === 'IPv6' && address.scopeid > 0 ? [{ name, index: address.scopeid }] : [],
    ),
  )

  it('asks for the index of an interface, or finds it', async () => {
    const backend = await makeBackend()
    const peer = (scopeId: number | string): DeviceConfig => ({
      peers: [{ publicKey: key, endpoint: { address: 'fe80::1', port: 1, family: 6, scopeId } }],
    })
    await backend.configure('wg0', peer(7))
    const interfaceIndex = () => 7
    expect(await syncDevice(backend, 'wg0', peer('eth9'), { interfaceIndex })).toEqual([])
    expect(await syncDevice(backend, 'wg0', peer('no-such'), { dryRun: true })).toHaveLength(1)
    for (const { name, index } of scoped) {
      await backend.configure('wg0', peer(index))
      expect(await syncDevice(backend, 'wg0', peer(name))).toEqual([])
      await backend.configure('wg0', peer(name))
      expect(await syncDevice(backend, 'wg0', peer(index))).toEqual([])
    }
  })
})
