import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generatePresharedKey, generatePrivateKey, publicKey } from '@wgctrl/types'
import { MemoryBackend } from '@wgctrl/types/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  connect,
  open,
  type RemoteServer,
  type RemoteWireGuard,
  type ServeEvent,
  serve,
  TrafficLedger,
  type WireGuard,
} from '../index.js'
import { REMOTE_CALLS } from './calls.js'
import { Access, type RemoteAllow } from './rights.js'

const key = publicKey(generatePrivateKey())
const peers = [{ publicKey: key, allowedIPs: ['10.0.0.2/32'] }]

let folder: string
let wg: WireGuard
let server: RemoteServer | undefined
let events: ServeEvent[]

async function clientOf(allow?: RemoteAllow): Promise<RemoteWireGuard> {
  const path = join(folder, 'wg.sock')
  server = await serve(wg, path, { allow, log: (event) => events.push(event) })
  return await connect(path)
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rights-'))
  events = []
  wg = await open({ backends: [new MemoryBackend('userspace')] })
  for (const name of ['wg0', 'wg1']) {
    await wg.create(name)
    await wg.configure(name, {
      privateKey: generatePrivateKey(),
      amnezia: { jc: 4, headerProtectionKey: generatePrivateKey() },
      peers: [{ publicKey: publicKey(generatePrivateKey()), presharedKey: generatePresharedKey() }],
    })
  }
})

afterEach(async () => {
  await server?.close()
  await wg.close()
  rmSync(folder, { recursive: true })
})

const denied = (call: string, device?: string) => ({
  code: 'EPERM',
  operation: call,
  ...(device && { device }),
})

describe('a server that was told nothing of what to allow', () => {
  it('lets its own user read, without secrets', async () => {
    await using far = await clientOf()
    const device = await far.device('wg0')
    expect(device.publicKey).toBeDefined()
    expect('privateKey' in device).toBe(false)
    expect(device.amnezia).toEqual({ jc: 4 })
    expect(device.peers).toHaveLength(1)
    expect('presharedKey' in (device.peers[0] ?? {})).toBe(false)
    for (const each of await far.devices()) expect('privateKey' in each).toBe(false)
    for await (const peer of far.peers('wg0')) expect('presharedKey' in peer).toBe(false)
    for await (const event of far.watch('wg0', { initial: true })) {
      if (event.type !== 'peer-added') continue
      expect('presharedKey' in event.peer).toBe(false)
      break
    }
    const shared = await far.device('wg0', { maxAge: 60_000 })
    expect('privateKey' in shared || 'presharedKey' in (shared.peers[0] ?? {})).toBe(false)
    await expect(far.device('wg0', { secrets: true })).rejects.toMatchObject(
      denied('device', 'wg0'),
    )
    // The server's own readings have them still.
    const own = await wg.device('wg0', { maxAge: 60_000 })
    expect(own.peers[0]?.presharedKey?.isZero).toBe(false)
  })

  it('refuses every other call, and says who asked for what', async () => {
    await using far = await clientOf()
    const calls: [string, () => Promise<unknown>][] = [
      ['configure', () => far.configure('wg0', { listenPort: 1 })],
      ['sync', () => far.sync('wg0', { peers })],
      ['create', () => far.create('wg7')],
      ['delete', () => far.delete('wg0')],
      ['up', () => far.up({ name: 'wg0' })],
      ['down', () => far.down('wg0')],
      ['reconcile', () => far.reconcile('wg0', {})],
      ['ensure', () => far.ensure({ name: 'wg0' })],
      ['reresolve', () => far.reresolve('wg0', {})],
      ['handshakes', () => far.handshakes('wg0').next()],
      ['justInTime', () => far.justInTime('wg0', { lookup: () => undefined })],
    ]
    for (const [call, ask] of calls) {
      await expect(ask(), call).rejects.toMatchObject(denied(call))
    }
    expect(events.filter(({ type }) => type === 'denied').map(({ call }) => call)).toEqual(
      calls.map(([call]) => call),
    )
    expect(events.find(({ type }) => type === 'denied')?.peer).toMatchObject({
      uid: process.getuid?.(),
      pid: process.pid,
    })
    expect((await wg.device('wg0')).listenPort).toBe(0)
    const named = calls.map(([call]) => call)
    const readings = Object.entries(REMOTE_CALLS).filter(
      ([, { rights }]) => Array.isArray(rights) && rights.includes('read'),
    )
    expect([...named, ...readings.map(([call]) => call)].sort()).toEqual(
      Object.keys(REMOTE_CALLS).sort(),
    )
  })

  it('makes a socket that nobody else can open', async () => {
    await using _ = await clientOf()
    expect(statSync(join(folder, 'wg.sock')).mode & 0o777).toBe(0o600)
  })
})

describe('a server with a right of its own for each thing', () => {
  it.each(['pinned', 'known'])('has no function %s that answers at once', async (field) => {
    await using far = await clientOf({ calls: ['handshakes', 'peers'] })
    const options = { lookup: () => undefined, [field]: () => true }
    await expect(far.justInTime('wg0', options)).rejects.toMatchObject({
      code: 'EUNSUPPORTED',
      feature: `options.${field}`,
    })
  })

  it('lets those with peers change peers alone', async () => {
    await using far = await clientOf({ calls: ['peers'] })
    await far.configure('wg0', { peers })
    await far.sync('wg0', { peers })
    expect((await wg.device('wg0')).peers.map(({ publicKey: one }) => one)).toEqual([key])
    for (const change of [
      { privateKey: null },
      { listenPort: 1 },
      { firewallMark: 1 },
      { peers, listenPort: 1 },
    ]) {
      await expect(far.configure('wg0', change)).rejects.toMatchObject(denied('configure', 'wg0'))
      await expect(far.sync('wg0', change)).rejects.toMatchObject(denied('sync', 'wg0'))
    }
    await expect(far.device('wg0')).rejects.toMatchObject(denied('device', 'wg0'))
  })

  it('shows the devices that it was given alone', async () => {
    await using far = await clientOf({ devices: ['wg1'], calls: ['read', 'configure'] })
    expect(await far.names()).toEqual(['wg1'])
    expect((await far.devices()).map(({ name }) => name)).toEqual(['wg1'])
    await expect(far.device('wg0')).rejects.toMatchObject(denied('device', 'wg0'))
    await expect(far.configure('wg0', { peers })).rejects.toMatchObject(denied('configure', 'wg0'))
    await expect(far.watch('wg0').next()).rejects.toMatchObject(denied('watch', 'wg0'))
    const seen = new Set<string>()
    for await (const event of far.watch(undefined, { initial: true })) {
      if ('device' in event) seen.add(event.device)
      if (event.type === 'peer-added') break
    }
    expect([...seen]).toEqual(['wg1'])
    const ledger = new TrafficLedger()
    await far.keepLedger(ledger, { interval: 10 }).close()
    expect(Object.keys(ledger.toJSON().devices)).toEqual(['wg1'])
  })

  it('has no program run for those who may bring interfaces up alone', async () => {
    await using far = await clientOf({ calls: ['interface'] })
    const hooks = { postUp: ['touch /nowhere'] }
    await expect(far.up({ name: 'wg2', hooks }, { hooks: 'shell' })).rejects.toMatchObject({
      ...denied('up', 'wg2'),
      message: expect.stringContaining("'programs'"),
    })
    await expect(far.create('wg2', { daemon: 'sh' })).rejects.toMatchObject(denied('create', 'wg2'))
    await expect(far.down('wg0', { save: () => {} })).rejects.toMatchObject(denied('down', 'wg0'))
  })

  it('refuses rights that it does not know', () => {
    expect(() => new Access({ calls: ['write'] as never })).toThrow(
      expect.objectContaining({ code: 'EINVAL', path: 'allow.calls[0]' }),
    )
    expect(() => new Access({ calls: 'read' as never })).toThrow(TypeError)
    expect(() => new Access({ call: ['read'] } as never)).toThrow('no such field')
    expect(() => new Access({ devices: ['a/b'] })).toThrow(
      expect.objectContaining({ path: 'allow.devices[0]' }),
    )
    expect(() => new Access({ uids: [-1] })).toThrow(
      expect.objectContaining({ path: 'allow.uids[0]' }),
    )
  })
})
