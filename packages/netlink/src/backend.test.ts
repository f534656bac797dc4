import { randomBytes } from 'node:crypto'
import { generatePresharedKey, generatePrivateKey, publicKey, SecretKey } from '@wgctrl/types'
import { describe, expect, it } from 'vitest'
import { KernelBackend } from './backend.js'
import { NetlinkError } from './errors.js'
import { probe } from './probe.js'
import { FakeKernel, type FakeKernelOptions } from './testing/index.js'

const setUp = async (options: FakeKernelOptions = {}) => {
  const kernel = new FakeKernel(options)
  const requests: Buffer[] = []
  const backend = new KernelBackend({
    openTransport: (protocol) => {
      const transport = kernel.openTransport(protocol)
      const { sendSync, send } = transport
      const note = (bytes: Uint8Array) => requests.push(Buffer.from(bytes))
      transport.sendSync = (bytes) => {
        note(bytes)
        sendSync(bytes)
      }
      transport.send = (bytes) => {
        note(bytes)
        return send(bytes)
      }
      return transport
    },
  })
  await backend.create('wg0')
  requests.length = 0
  return { kernel, backend, requests }
}

const peerKey = (): string => publicKey(generatePrivateKey())
const allowedIPs = async (backend: KernelBackend) =>
  Object.fromEntries(
    (await backend.device('wg0')).peers.map((peer) => [
      peer.publicKey,
      [...peer.allowedIPs].sort(),
    ]),
  )

describe('KernelBackend', () => {
  it('lists WireGuard devices alone', async () => {
    const { kernel, backend } = await setUp()
    kernel.addLink('eth0', 'veth')
    await backend.create('wg-b', { mtu: 1300 })
    expect(await backend.list()).toEqual(['wg-b', 'wg0'])
    expect(kernel.links.get('wg-b')?.mtu).toBe(1300)
  })

  it('refuses every call once it was closed, and opens nothing', async () => {
    const kernel = new FakeKernel()
    let opened = 0
    const openTransport = (protocol: number) => {
      opened++
      return kernel.openTransport(protocol)
    }
    const backend = new KernelBackend({ openTransport })
    await backend.create('wg0')
    await backend.device('wg0')
    await backend[Symbol.asyncDispose]()
    const before = opened
    const calls: (() => Promise<unknown>)[] = [
      () => backend.probe(),
      () => backend.list(),
      () => backend.device('wg0'),
      () => backend.peers('wg0').next(),
      () => backend.configure('wg0', { listenPort: 1 }),
      () => backend.create('wg1'),
      () => backend.delete('wg0'),
    ]
    for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'ECLOSED' })
    expect(opened).toBe(before)
    await backend[Symbol.asyncDispose]()
  })

  it('reads back what it configured', async () => {
    const { backend } = await setUp()
    const [privateKey, presharedKey] = [generatePrivateKey(), generatePresharedKey()]
    const [first, second] = [peerKey(), peerKey()]
    await backend.configure('wg0', {
      privateKey,
      listenPort: 51820,
      firewallMark: 0xffffffff,
      peers: [
        {
          publicKey: first,
          presharedKey,
          endpoint: '127.0.0.1:7',
          persistentKeepalive: 25,
          allowedIPs: ['10.0.0.7/24', 'fd00::/64', '0.0.0.0/0', '::/0'],
        },
        { publicKey: second, endpoint: '[fe80::1%2]:8' },
      ],
    })
    const device = await backend.device('wg0')
    expect(device).toMatchObject({
      name: 'wg0',
      kind: 'linux-kernel',
      interfaceIndex: 2,
      publicKey: publicKey(privateKey),
      listenPort: 51820,
      firewallMark: 0xffffffff,
      peers: [
        {
          publicKey: first,
          endpoint: { address: '127.0.0.1', port: 7, family: 4 },
          persistentKeepalive: 25,
          allowedIPs: ['10.0.0.0/24', 'fd00::/64', '0.0.0.0/0', '::/0'],
        },
        { publicKey: second, endpoint: { address: 'fe80::1', port: 8, family: 6, scopeId: 2 } },
      ],
    })
    expect(device.privateKey?.equals(privateKey)).toBe(true)
    expect(device.peers[0]?.presharedKey?.equals(presharedKey)).toBe(true)
    await backend.configure('wg0', {
      privateKey: null,
      firewallMark: null,
      peers: [{ publicKey: first, presharedKey: null, persistentKeepalive: null }],
    })
    const cleared = await backend.device('wg0')
    expect(cleared).not.toHaveProperty('privateKey')
    expect(cleared).not.toHaveProperty('publicKey')
    expect(cleared.firewallMark).toBe(0)
    expect(cleared.peers[0]).toMatchObject({ persistentKeepalive: 0 })
    expect(cleared.peers[0]).not.toHaveProperty('presharedKey')
  })

  it('leaves a device as it was when its port is refused', async () => {
    const { kernel, backend } = await setUp()
    const [before, after] = [generatePrivateKey(), generatePrivateKey()]
    await backend.configure('wg0', { privateKey: before, listenPort: 1000, firewallMark: 5 })
    kernel.takenPorts.add(2000)
    const change = { privateKey: after, listenPort: 2000, firewallMark: 9, peers: [] }
    const call = backend.configure('wg0', change)
    await expect(call).rejects.toMatchObject({ code: 'EADDRINUSE', appliedPeers: 0 })
    const device = await backend.device('wg0')
    expect(device).toMatchObject({ listenPort: 1000, firewallMark: 5 })
    expect(device.privateKey?.equals(before)).toBe(true)
  })

  it('reads counters and handshakes', async () => {
    const { kernel, backend } = await setUp()
    const key = peerKey()
    await backend.configure('wg0', { peers: [{ publicKey: key }] })
    const lastHandshake = new Date(1_700_000_000_123)
    const traffic = { receivedBytes: 2n ** 60n + 1n, transmittedBytes: 5, lastHandshake }
    kernel.devices.get('wg0')?.pretend(key, traffic)
    expect((await backend.device('wg0')).peers[0]).toMatchObject({
      receivedBytes: 2 ** 60,
      transmittedBytes: 5,
      exactBytes: { received: `${2n ** 60n + 1n}`, transmitted: '5' },
      lastHandshake,
    })
  })

  it('streams the same peers as it reads at once', async () => {
    const { backend } = await setUp({ datagramSize: 500 })
    const peers = Array.from({ length: 40 }, (_, i) => ({
      publicKey: peerKey(),
      allowedIPs: Array.from({ length: i }, (_, k) => `10.${i}.${k}.0/24`),
    }))
    await backend.configure('wg0', { peers })
    const streamed = []
    for await (const peer of backend.peers('wg0')) streamed.push(peer)
    expect(streamed).toEqual((await backend.device('wg0')).peers)
    expect(streamed.map((peer) => peer.allowedIPs.length)).toEqual(peers.map((_, i) => i))
  })

  it.each([
    ['ENODEV', (backend: KernelBackend) => backend.device('nope')],
    ['ENODEV', (backend: KernelBackend) => backend.configure('nope', {})],
    ['ENODEV', (backend: KernelBackend) => backend.delete('nope')],
    ['ENODEV', (backend: KernelBackend) => backend.peers('nope').next()],
    ['ENOTWIREGUARD', (backend: KernelBackend) => backend.device('lo')],
    ['ENOTWIREGUARD', (backend: KernelBackend) => backend.configure('lo', { listenPort: 1 })],
    ['ENOTWIREGUARD', (backend: KernelBackend) => backend.delete('lo')],
    ['EEXIST', (backend: KernelBackend) => backend.create('wg0')],
    ['EINVAL', (backend: KernelBackend) => backend.device('../wg0')],
  ])('throws %s', async (code, call) => {
    const { backend } = await setUp()
    const expected = code === 'EINVAL' ? { code } : { code, backend: 'linux-kernel' }
    await expect(call(backend)).rejects.toMatchObject(expected)
  })

  it('throws EPERM without the capability, ENOBACKEND without the module', async () => {
    const { kernel, backend } = await setUp()
    kernel.permitted = false
    await expect(backend.device('wg0')).rejects.toMatchObject({ code: 'EPERM', errno: 1 })
    await expect(backend.create('wg1')).rejects.toMatchObject({ code: 'EPERM' })
    kernel.permitted = true
    kernel.hasWireGuard = false
    await expect(backend.create('wg1')).rejects.toMatchObject({ code: 'ENOBACKEND' })
  })

  it('sends nothing of a config that is wrong', async () => {
    const { backend, requests } = await setUp()
    const config = {
      peers: [{ publicKey: peerKey() }, { publicKey: peerKey(), allowedIPs: ['x'] }],
    }
    const wrong = { code: 'EINVAL', path: 'peers[1].allowedIPs[0]' }
    await expect(backend.configure('wg0', config)).rejects.toMatchObject(wrong)
    expect(requests).toEqual([])
  })

  it('refuses the device’s own key as a peer', async () => {
    const { backend } = await setUp()
    const privateKey = generatePrivateKey()
    await backend.configure('wg0', { privateKey })
    const own = backend.configure('wg0', { peers: [{ publicKey: publicKey(privateKey) }] })
    await expect(own).rejects.toMatchObject({ code: 'EINVAL', path: 'peers[0].publicKey' })
  })

  it('refuses the key as a peer that another client gave the device since', async () => {
    const { kernel, backend } = await setUp()
    await backend.configure('wg0', { peers: [{ publicKey: peerKey() }] })
    const other = new KernelBackend({ openTransport: kernel.openTransport })
    const privateKey = generatePrivateKey()
    await other.configure('wg0', { privateKey })
    const own = { publicKey: publicKey(privateKey) }
    const change = backend.configure('wg0', { peers: [{ publicKey: peerKey() }, own] })
    await expect(change).rejects.toMatchObject({ code: 'EINVAL', path: 'peers[1].publicKey' })
  })

  it('says how many peers were applied when a later message fails', async () => {
    const { kernel, backend } = await setUp()
    const peers = Array.from({ length: 3000 }, () => ({
      publicKey: new Uint8Array(randomBytes(32)),
    }))
    const device = kernel.devices.get('wg0')
    let calls = 0
    const apply = device?.apply.bind(device)
    Object.assign(device ?? {}, {
      apply: (change: never) => {
        if (++calls === 1000) kernel.permitted = false
        apply?.(change)
      },
    })
    const failing = backend.configure('wg0', { peers })
    await expect(failing).rejects.toMatchObject({ code: 'EPERM', appliedPeers: 1638 })
  })

  it('finds the family again after the module was loaded anew', async () => {
    const { kernel, backend } = await setUp()
    await backend.device('wg0')
    kernel.hasWireGuard = false
    await expect(backend.device('wg0')).rejects.toMatchObject({ code: 'ENOBACKEND' })
    kernel.hasWireGuard = true
    expect((await backend.device('wg0')).name).toBe('wg0')
  })

  it('a stream that begins while its device is deleted does not hold that up', async () => {
    const { backend } = await setUp()
    const deletion = backend.delete('wg0')
    const first = backend.peers('wg0').next()
    await expect(first).rejects.toMatchObject({ code: 'ENODEV', operation: 'peers' })
    await deletion
  })

  it('ends the streams of a device before it deletes it', async () => {
    const { backend } = await setUp({ datagramSize: 300 })
    const peers = Array.from({ length: 30 }, () => ({ publicKey: peerKey() }))
    await backend.configure('wg0', { peers })
    const stream = backend.peers('wg0')
    await stream.next()
    await backend.delete('wg0')
    await expect(stream.next()).rejects.toMatchObject({ code: 'ENODEV' })
    expect(await stream.next()).toEqual({ done: true, value: undefined })
  })

  it('ends a call whose signal has fired', async () => {
    const { backend } = await setUp()
    const signal = AbortSignal.abort()
    await expect(backend.device('wg0', { signal })).rejects.toMatchObject({ name: 'AbortError' })
    await expect(backend.peers('wg0', { signal }).next()).rejects.toMatchObject({
      name: 'AbortError',
    })
  })

  it('keeps secrets out of what it shows', async () => {
    const { backend } = await setUp()
    const key = generatePrivateKey()
    await backend.configure('wg0', { privateKey: key })
    const { privateKey } = await backend.device('wg0')
    expect(privateKey).toBeInstanceOf(SecretKey)
    expect(JSON.stringify({ privateKey })).not.toContain(key.toBase64())
  })
})

describe.each([true, false])('removing allowed IPs; the kernel can: %s', (removesAllowedIPs) => {
  it('takes exactly the networks that the peer has', async () => {
    const { backend, requests } = await setUp({ removesAllowedIPs })
    const [a, b] = [peerKey(), peerKey()]
    await backend.configure('wg0', {
      peers: [
        { publicKey: a, allowedIPs: ['10.0.0.0/24', '10.0.1.0/24', 'fd00::/64'] },
        { publicKey: b, allowedIPs: ['10.1.0.0/24', '10.1.1.0/24'] },
      ],
    })
    await backend.configure('wg0', {
      peers: [
        {
          publicKey: a,
          allowedIPs: [
            { cidr: '10.0.1.0/24', remove: true },
            { cidr: 'fd00::/64', remove: true },
            { cidr: '10.1.0.0/24', remove: true },
            '10.9.0.0/24',
          ],
        },
      ],
    })
    const expected = { [a]: ['10.0.0.0/24', '10.9.0.0/24'], [b]: ['10.1.0.0/24', '10.1.1.0/24'] }
    expect(await allowedIPs(backend)).toEqual(expected)
    requests.length = 0
    const again = { peers: [{ publicKey: b, allowedIPs: [{ cidr: '10.1.1.0/24', remove: true }] }] }
    await backend.configure('wg0', again)
    expect(await allowedIPs(backend)).toEqual({ ...expected, [b]: ['10.1.0.0/24'] })
  })

  it('moves a network that another peer is given', async () => {
    const { backend } = await setUp({ removesAllowedIPs })
    const [a, b] = [peerKey(), peerKey()]
    await backend.configure('wg0', { peers: [{ publicKey: a, allowedIPs: ['10.0.0.0/24'] }] })
    await backend.configure('wg0', {
      peers: [
        { publicKey: a, allowedIPs: [{ cidr: '10.0.0.0/24', remove: true }] },
        { publicKey: b, allowedIPs: ['10.0.0.0/24'] },
      ],
    })
    expect(await allowedIPs(backend)).toEqual({ [a]: [], [b]: ['10.0.0.0/24'] })
  })

  it('takes more networks than fit in one message', async () => {
    const { backend } = await setUp({ removesAllowedIPs })
    const networks = Array.from({ length: 2500 }, (_, i) => `10.${i >> 8}.${i & 255}.0/24`)
    const key = peerKey()
    await backend.configure('wg0', { peers: [{ publicKey: key, allowedIPs: networks }] })
    const removals = networks.slice(1).map((cidr) => ({ cidr, remove: true }))
    await backend.configure('wg0', { peers: [{ publicKey: key, allowedIPs: removals }] })
    expect(await allowedIPs(backend)).toEqual({ [key]: [networks[0]] })
  })

  it('needs neither way after the whole list was replaced', async () => {
    const { backend } = await setUp({ removesAllowedIPs })
    const key = peerKey()
    await backend.configure('wg0', { peers: [{ publicKey: key, allowedIPs: ['10.0.0.0/24'] }] })
    const allowed = [{ cidr: '10.0.0.0/24', remove: true }, '10.0.1.0/24']
    const peers = [{ publicKey: key, replaceAllowedIPs: true, allowedIPs: allowed }]
    await backend.configure('wg0', { peers })
    expect(await allowedIPs(backend)).toEqual({ [key]: ['10.0.1.0/24'] })
  })
})

describe('probe', () => {
  const failureOf = (openTransport: () => never): Promise<unknown> =>
    new KernelBackend({ openTransport }).probe().catch((error) => error)

  const modulesDirectory = '/nonexistent'
  const state = async (kernel: FakeKernel, device?: string) =>
    (await probe({ openTransport: kernel.openTransport, device, modulesDirectory })).state

  it('tells what is missing', async () => {
    const { kernel } = await setUp()
    expect(await state(kernel)).toBe('ready')
    expect(await state(kernel, 'wg0')).toBe('ready')
    expect(await state(kernel, 'nope')).toBe('no-such-device')
    expect(await state(kernel, 'lo')).toBe('not-wireguard')
    kernel.permitted = false
    expect(await state(kernel)).toBe('no-permission')
    kernel.hasWireGuard = false
    expect(await state(kernel)).toBe('no-kernel-support')
  })

  it('says so when sockets are refused', async () => {
    const refuse = (): never => {
      throw Object.assign(new Error('socket EPERM'), { code: 'EPERM' })
    }
    expect((await probe({ openTransport: refuse })).state).toBe('netlink-refused')
    expect(await failureOf(refuse)).toMatchObject({ code: 'EPERM' })
  })

  it('tells a kernel without netlink, an addon that does not load and other failures apart', async () => {
    const refused = (code: string, feature?: string) => (): never => {
      throw new NetlinkError(`it is ${code}`, { code, feature })
    }
    expect(await failureOf(refused('EPROTONOSUPPORT'))).toMatchObject({ code: 'ENOBACKEND' })
    expect(await failureOf(refused('EUNSUPPORTED', 'netlink'))).toMatchObject({
      code: 'ENOBACKEND',
    })
    expect(await failureOf(refused('EUNSUPPORTED', 'ffi-rs'))).toMatchObject({
      code: 'EUNSUPPORTED',
      message: expect.stringContaining('it is EUNSUPPORTED'),
    })
    expect(await failureOf(refused('EMFILE'))).toMatchObject({ code: 'EMFILE' })
  })
})
