import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Backend, formatPublicKey } from '@wgctrl/types'
import { MemoryBackend } from '@wgctrl/types/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  describeChange,
  diffDevice,
  EndpointResolver,
  endpointText,
  KernelBackend,
  open,
  parseConfig,
  readConfigFile,
  showConfig,
  syncDevice,
  toDeviceConfig,
  toInterfaceConfig,
  UserspaceBackend,
  type WireGuard,
} from './index.js'
import {
  bringDown,
  bringUp,
  type InterfaceContext,
  reconcile,
  reresolve,
} from './interface/index.js'

const publicKey = formatPublicKey(new Uint8Array(32).fill(1))
const other = formatPublicKey(new Uint8Array(32).fill(2))
const backend = new MemoryBackend()
let wg: WireGuard
let directory: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wgctrl-'))
  await writeFile(join(directory, 'wg0.conf'), '[Interface]\n', { mode: 0o600 })
  await backend.create('wg0')
  wg = await open({ backends: [backend] })
  await wg.configure('wg0', { peers: [{ publicKey: other }] })
})

afterAll(async () => {
  await wg.close()
  await rm(directory, { recursive: true })
})

/** None of it is reached: what is wrong is refused before anything is asked. */
const context: InterfaceContext = { wg: {}, resolver: {}, netns: undefined } as never

type Call = (bad: never) => unknown
const file = () =>
  parseConfig('[Interface]\nPrivateKey = AAAA\n'.replace('PrivateKey = AAAA\n', ''))

describe('an option that is none of its words, no function or no boolean is refused by', () => {
  const calls: [string, Call, object][] = [
    [
      'unsafePermissions',
      (bad) => open({ backends: ['userspace'], ...(bad as object) }),
      { unsafePermissions: 'deny' },
    ],
    ['unsafePermissions', (bad) => new UserspaceBackend(bad), { unsafePermissions: true }],
    [
      'unsafePermissions',
      (bad) => readConfigFile(join(directory, 'wg0.conf'), bad),
      { unsafePermissions: 'no' },
    ],
    ['daemon', (bad) => new UserspaceBackend(bad), { daemon: [] }],
    ['socketDir', (bad) => new UserspaceBackend(bad), { socketDir: 7 }],
    ['openTransport', (bad) => new KernelBackend(bad), { openTransport: 'x' }],
    ['firewall', (bad) => wg.up({ name: 'wg1' }, bad), { firewall: 'nftables' }],
    ['dns', (bad) => wg.up({ name: 'wg1' }, bad), { dns: 'systemd' }],
    ['hooks', (bad) => wg.up({ name: 'wg1' }, bad), { hooks: 'run' }],
    ['onStep', (bad) => wg.up({ name: 'wg1' }, bad), { onStep: 'x' }],
    ['save', (bad) => wg.down('wg0', bad), { save: 'x' }],
    ['dryRun', (bad) => wg.sync('wg0', {}, bad), { dryRun: 'false' }],
    ['interfaceIndex', (bad) => wg.sync('wg0', {}, bad), { interfaceIndex: 3 }],
    ['removeStale', (bad) => wg.delete('wg0', bad), { removeStale: 1 }],
    ['initial', (bad) => wg.watch('wg0', bad), { initial: 'x' }],
    ['fields', (bad) => wg.watch('wg0', bad), { fields: 'transfer' }],
    ['fields[1]', (bad) => wg.watch('wg0', bad), { fields: ['transfer', 'handshakes'] }],
    [
      'onEvent',
      (bad) => wg.justInTime('wg0', { lookup: () => null, ...(bad as object) }),
      { onEvent: {} },
    ],
    [
      'initiate',
      (bad) => wg.justInTime('wg0', { lookup: () => null, ...(bad as object) }),
      { initiate: 1 },
    ],
    ['mistakes', (bad) => parseConfig('', bad), { mistakes: 'drop' }],
    ['conflicts', (bad) => toDeviceConfig(file(), bad), { conflicts: 'first-wins' }],
    [
      'peerName',
      (bad) => describeChange({ kind: 'listen-port', from: 1, to: 2 }, bad),
      { peerName: 'x' },
    ],
    [
      'interfaceName',
      (bad) => endpointText({ address: '::1', port: 1, family: 6 }, bad),
      { interfaceName: {} },
    ],
  ]
  it.each(calls)('%s', async (field, call, bad) => {
    const refusal = { code: 'EINVAL', path: `options.${field}` }
    await expect((async () => await call(bad as never))()).rejects.toMatchObject(refusal)
  })

  it('describeChange, and so is what is no change', () => {
    expect(() => describeChange({ kind: 'constructor' } as never)).toThrow(
      expect.objectContaining({ code: 'EINVAL', path: 'change.kind' }),
    )
  })
})

describe('an unknown option is refused by', () => {
  const calls: Record<string, Call> = {
    open: (bad) => open({ backends: [backend], ...(bad as object) }),
    devices: (bad) => wg.devices(bad),
    names: (bad) => wg.names(bad),
    device: (bad) => wg.device('wg0', bad),
    peers: (bad) => wg.peers('wg0', bad).next(),
    configure: (bad) => wg.configure('wg0', {}, bad),
    create: (bad) => wg.create('wg1', bad),
    delete: (bad) => wg.delete('wg0', bad),
    sync: (bad) => wg.sync('wg0', {}, bad),
    up: (bad) => wg.up({ name: 'wg1' }, bad),
    down: (bad) => wg.down('wg0', bad),
    reconcile: (bad) => wg.reconcile('wg0', {}, bad),
    reresolve: (bad) => wg.reresolve('wg0', {}, bad),
    bringUp: (bad) => bringUp(context, { name: 'wg1' }, bad),
    bringDown: (bad) => bringDown(context, 'wg1', bad),
    'reconcile alone': (bad) => reconcile(context, 'wg1', {}, bad),
    'reresolve alone': (bad) => reresolve(context, 'wg1', {}, bad),
    syncDevice: (bad) => syncDevice(backend, 'wg0', {}, bad),
    diffDevice: async (bad) => diffDevice(await backend.device('wg0'), {}, bad),
    watch: (bad) => wg.watch('wg0', bad),
    handshakes: (bad) => wg.handshakes('wg0', bad),
    justInTime: (bad) => wg.justInTime('wg0', { lookup: () => null, ...(bad as object) }),
    parseConfig: (bad) => parseConfig('', bad),
    readConfigFile: (bad) => readConfigFile(join(directory, 'wg0.conf'), bad),
    toDeviceConfig: (bad) => toDeviceConfig(file(), bad),
    toInterfaceConfig: (bad) => toInterfaceConfig(file(), 'wg1', bad),
    showConfig: async (bad) => showConfig(await wg.device('wg0'), bad),
    endpointText: (bad) => endpointText({ address: '192.0.2.1', port: 1, family: 4 }, bad),
    describeChange: (bad) => describeChange({ kind: 'listen-port', from: 1, to: 2 }, bad),
    KernelBackend: (bad) => new KernelBackend(bad),
    UserspaceBackend: (bad) => new UserspaceBackend(bad),
  }
  it.each(Object.entries(calls))('%s', async (_, call) => {
    const refusal = { code: 'EINVAL', path: 'options.signall' }
    await expect((async () => await call({ signall: 1 } as never))()).rejects.toMatchObject(refusal)
  })

  const alone: Record<string, Backend> = {
    KernelBackend: new KernelBackend(),
    UserspaceBackend: new UserspaceBackend(),
    MemoryBackend: backend,
  }
  const methods: Record<string, (of: Backend, bad: never) => unknown> = {
    probe: (of, bad) => of.probe?.(bad),
    list: (of, bad) => of.list(bad),
    device: (of, bad) => of.device('wg0', bad),
    peers: (of, bad) => of.peers('wg0', bad).next(),
    configure: (of, bad) => of.configure('wg0', {}, bad),
    create: (of, bad) => of.create?.('wg1', bad),
    delete: (of, bad) => of.delete?.('wg0', bad),
  }
  it.each(Object.keys(alone))('each call of a %s that is used alone', async (kind) => {
    const of = alone[kind] as Backend
    for (const [method, call] of Object.entries(methods)) {
      if (method === 'probe' && of.probe === undefined) continue
      const refused = (options: unknown, path: string) =>
        expect((async () => await call(of, options as never))(), method).rejects.toMatchObject({
          code: 'EINVAL',
          path,
        })
      await refused({ signall: 1 }, 'options.signall')
      await refused({ backend: 'userspace' }, 'options.backend')
      await refused(JSON.parse('{"__proto__":{"timeout":1}}'), 'options.__proto__')
      await refused(null, 'options')
      await refused(new AbortController().signal, 'options.aborted')
    }
    const refusal = { code: 'EINVAL', path: 'options.removeStale' }
    await expect(of.delete?.('wg0', { removeStale: 1 as never })).rejects.toMatchObject(refusal)
  })

  it('a resolver, which is an option itself', () => {
    expect(() => new EndpointResolver({ retry: 1 } as never)).toThrow(
      expect.objectContaining({ code: 'EINVAL', path: 'options.resolve.retry' }),
    )
  })

  it('and what is within one', async () => {
    const cases: [string, Call, object][] = [
      ['options.resolve.retry', (bad) => open({ backends: [backend], resolve: bad }), { retry: 1 }],
      ['options.overall.rate', (bad) => wg.handshakes('wg0', { overall: bad }), { rate: 1 }],
    ]
    for (const [path, call, bad] of cases) {
      const made = (async () => await call(bad as never))()
      await expect(made).rejects.toMatchObject({ code: 'EINVAL', path })
    }
  })
})

describe('an unknown field of a config is refused at every level', () => {
  const polluted = (text: string) => JSON.parse(text) as object
  it.each([
    [{ adresses: [] }, 'adresses'],
    [{ hooks: { postup: [] } }, 'hooks.postup'],
    [{ dns: ['10.0.0.53'] }, 'dns'],
    [{ dns: { nameservers: [] } }, 'dns.nameservers'],
    [polluted('{"__proto__":{"mtu":1}}'), '__proto__'],
    [polluted('{"dns":{"__proto__":{"servers":[]}}}'), 'dns.__proto__'],
  ])('%j of an interface', async (settings, path) => {
    const refusal = { code: 'EINVAL', path }
    await expect(bringUp(context, { name: 'wg1', ...settings } as never)).rejects.toMatchObject(
      refusal,
    )
    await expect(reconcile(context, 'wg0', settings as never)).rejects.toMatchObject(refusal)
    await expect(bringDown(context, { name: 'wg0', ...settings } as never)).rejects.toMatchObject(
      refusal,
    )
    await expect(reresolve(context, 'wg0', settings as never)).rejects.toMatchObject(refusal)
  })

  it.each([
    ['{"__proto__":{"replacePeers":true}}', '__proto__'],
    [`{"peers":[{"publicKey":"${other}","__proto__":{"remove":true}}]}`, 'peers[0].__proto__'],
    [
      `{"peers":[{"publicKey":"${other}","allowedIPs":[{"cidr":"10.0.0.1","__proto__":{"remove":true}}]}]}`,
      'peers[0].allowedIPs[0].__proto__',
    ],
    [
      `{"peers":[{"publicKey":"${other}","endpoint":{"address":"10.0.0.1","port":1,"family":4,"zone":1}}]}`,
      'peers[0].endpoint.zone',
    ],
    [`{"peers":[{"publicKey":"${other}","allowedips":[]}]}`, 'peers[0].allowedips'],
  ])('%s of a device', async (text, path) => {
    const refusal = { code: 'EINVAL', path }
    await expect(wg.configure('wg0', JSON.parse(text))).rejects.toMatchObject(refusal)
    await expect(wg.sync('wg0', JSON.parse(text))).rejects.toMatchObject(refusal)
    await expect(reresolve(context, 'wg0', JSON.parse(text))).rejects.toMatchObject(refusal)
    expect((await wg.device('wg0')).peers).toMatchObject([{ publicKey: other }])
  })

  it('says of a reading that it is none', async () => {
    const { peers } = await wg.device('wg0')
    const problem = /peers\[0\]\.receivedBytes: can be read, not set: give publicKey, .* alone/
    await expect(wg.configure('wg0', { peers })).rejects.toThrow(problem)
    await expect(wg.configure('wg0', { peers: [{ publicKey }] })).resolves.toBeUndefined()
  })
})
