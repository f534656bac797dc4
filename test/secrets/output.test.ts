import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { format, inspect } from 'node:util'
import { FakeDevice } from '@wgctrl/types/testing'
import { FakeUapiServer } from '@wgctrl/uapi/testing'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import {
  formatConfig,
  open,
  parseConfig,
  publicKey,
  readConfigFile,
  SecretKey,
  toDeviceConfig,
  UserspaceBackend,
  type WireGuard,
} from 'wgctrl'
import { peerKey } from '../contract/samples.js'
import { findPlanted, planted, plantedText } from './planted.js'

const [privateKey, presharedKey, third] = [1, 2, 3].map(plantedText) as [string, string, string]
const config = {
  privateKey,
  listenPort: 51820,
  peers: [{ publicKey: peerKey(1), presharedKey, allowedIPs: ['10.0.0.0/24'] }],
}
const text = `[Interface]\nPrivateKey = ${privateKey}\n[Peer]\nPublicKey = ${peerKey(1)}\nPresharedKey = ${presharedKey}\n`

/** All the ways in which a program may show a value without meaning to. */
function shown(value: unknown): string {
  const deep = {
    depth: null,
    showHidden: true,
    maxArrayLength: null,
    maxStringLength: null,
  } as const
  const parts = [
    inspect(value, deep),
    inspect(value, { ...deep, customInspect: false }),
    inspect(value, { ...deep, showProxy: true, getters: true }),
    format('%s %o %O %j', value, value, value, withoutBigints(value)),
    JSON.stringify(withoutBigints(value)) ?? '',
    `${value}`,
    inspect(new Error('wrapped', { cause: value }), deep),
    inspect(new AggregateError([value]), deep),
  ]
  if (value instanceof Error) parts.push(value.stack ?? '', value.message, shown(value.cause))
  if (typeof value === 'object' && value !== null) {
    parts.push(inspect(Object.getOwnPropertyDescriptors(value), deep), inspect({ ...value }, deep))
    parts.push(Object.entries(value).join(), inspect(structuredCopy(value), deep))
  }
  return parts.join('\n')
}

const withoutBigints = (value: unknown): unknown => {
  try {
    return JSON.parse(
      JSON.stringify(value, (_, each) => (typeof each === 'bigint' ? `${each}` : each)),
    )
  } catch {
    return undefined
  }
}

const structuredCopy = (value: unknown): unknown => {
  try {
    return structuredClone(value)
  } catch (error) {
    return error
  }
}

let wg: WireGuard
let socketDir: string

beforeAll(async () => {
  socketDir = await mkdtemp(join(tmpdir(), 'wgctrl-secrets-'))
  const server = await FakeUapiServer.listen(join(socketDir, 'wg0.sock'), new FakeDevice('wg0'))
  const strange = createServer((socket) => {
    socket.on('error', () => {})
    // Keys where they do not belong: errors must not repeat the line.
    const hex = Buffer.from(planted(1)).toString('hex')
    socket.end(`private_key=${hex}\npublic_key=${hex}zz\npreshared_key=${hex}\nerrno=0\n\n`)
  })
  await new Promise<void>((resolve) => strange.listen(join(socketDir, 'wg1.sock'), resolve))
  wg = await open({ backends: [new UserspaceBackend({ socketDir })] })
  await wg.configure('wg0', config)
  return async () => {
    await wg.close()
    await server[Symbol.asyncDispose]()
    strange.close()
    await rm(socketDir, { recursive: true, force: true })
  }
})

describe('no secret is shown', () => {
  it('and the search finds one where there is one', () => {
    expect(findPlanted(shown({ privateKey }))).toContain('key 1 as base64')
    expect(findPlanted(shown(new Error(`no key: ${presharedKey}`)))).toContain('key 2 as base64')
    expect(findPlanted(shown(planted(3)))).toContain('key 3 as numbers')
    expect(findPlanted(shown(Buffer.from(planted(1)).toString('hex')))).toContain('key 1 as hex')
  })

  it('by a key', () => {
    const key = SecretKey.from(privateKey)
    expect(findPlanted(shown(key))).toEqual([])
    expect(shown(key)).toContain('(hidden)')
    expect(findPlanted(shown([{ key }, new Map([['key', key]]), new Set([key])]))).toEqual([])
  })

  it('by a device, a list of devices, a peer or a stream', async () => {
    const device = await wg.device('wg0')
    expect(device.privateKey?.toBase64()).toBe(privateKey)
    expect(device.peers[0]?.presharedKey?.toBase64()).toBe(presharedKey)
    const peers: unknown[] = []
    for await (const peer of wg.peers('wg0')) peers.push(peer)
    for (const value of [device, device.peers[0], peers, await wg.devices(), wg, wg.backends]) {
      expect(findPlanted(shown(value))).toEqual([])
    }
  })

  it('by a config file', async () => {
    const file = parseConfig(text)
    expect(findPlanted(formatConfig(file))).not.toEqual([])
    const values = [file, file.interface, file.peers, file.warnings, toDeviceConfig(file)]
    for (const value of values) expect(findPlanted(shown(value))).toEqual([])
  })

  it('by the changes of a sync', async () => {
    const desired = {
      ...config,
      privateKey: third,
      peers: [{ ...config.peers[0], presharedKey: third }],
    }
    const changes = await wg.sync('wg0', desired as typeof config, { dryRun: true })
    expect(changes.length).toBeGreaterThan(0)
    expect(findPlanted(shown(changes))).toEqual([])
  })

  it('by what a watch tells', async () => {
    const signal = AbortSignal.timeout(60_000)
    const iterator = wg
      .watch('wg0', { interval: 50, initial: true, signal })
      [Symbol.asyncIterator]()
    const events: unknown[] = [(await iterator.next()).value, (await iterator.next()).value]
    const change = iterator.next()
    await wg.configure('wg0', { privateKey: third })
    events.push((await change).value)
    await wg.configure('wg0', { privateKey })
    await iterator.return?.()
    expect(events).toMatchObject([{}, {}, { type: 'device-changed', fields: ['privateKey'] }])
    expect(findPlanted(shown(events))).toEqual([])
  })

  const bad: Record<string, () => unknown> = {
    'a device that is not there': () => wg.configure('wg9', config),
    'a number out of range': () => wg.configure('wg0', { ...config, listenPort: 70_000 }),
    'a key that is too long': () =>
      wg.configure('wg0', { ...config, privateKey: `${privateKey}=` }),
    'a key of hex': () =>
      wg.configure('wg0', { ...config, privateKey: Buffer.from(planted(1)).toString('hex') }),
    'a key in a place for a name': () => wg.device(privateKey),
    'a key in a place for a network': () =>
      wg.configure('wg0', { peers: [{ publicKey: peerKey(1), allowedIPs: [presharedKey] }] }),
    'a key in a place for an endpoint': () =>
      wg.configure('wg0', { peers: [{ publicKey: peerKey(1), endpoint: presharedKey }] }),
    'a key in a place for a port': () =>
      wg.configure('wg0', { ...config, listenPort: privateKey as never }),
    'a preshared key of the wrong length': () =>
      wg.configure('wg0', {
        peers: [{ publicKey: peerKey(1), presharedKey: planted(2).subarray(0, 31) }],
      }),
    'a private key as a public key': () =>
      wg.configure('wg0', { peers: [{ publicKey: SecretKey.from(privateKey) as never }] }),
    "the device's own key as a peer": () =>
      wg.configure('wg0', { peers: [{ publicKey: publicKey(privateKey), presharedKey }] }),
    'a reply that is broken': () => wg.device('wg1'),
    'a write to what answers nonsense': () => wg.configure('wg1', config),
    'a key line that is broken': () => parseConfig(text.replace('=\n', '\n')),
    'a key under another name': () => parseConfig(`[Interface]\n${privateKey} = 1\n`),
    'a key outside a section': () => parseConfig(`PrivateKey = ${privateKey}\n`),
    'a key in a list of networks': () => parseConfig(`[Peer]\nAllowedIPs = ${presharedKey}\n`),
    'a key that was wiped': () => {
      const key = SecretKey.from(privateKey)
      key.wipe()
      return key.toBase64()
    },
  }

  it.each(Object.keys(bad))('by an error: %s', async (name) => {
    const error = await Promise.resolve()
      .then(bad[name])
      .then(
        () => undefined,
        (error: unknown) => error,
      )
    if (name !== 'a key under another name') expect(error).toBeInstanceOf(Error)
    expect(findPlanted(shown(error))).toEqual([])
  })

  it('by an error of a file', async () => {
    const path = join(socketDir, 'wg0.conf')
    onTestFinished(() => rm(path, { force: true }))
    await writeFile(path, text.replace('PrivateKey', 'PrivateKeyX'))
    await chmod(path, 0o666)
    for (const options of [{}, { unsafePermissions: 'allow', unknownKeys: 'refuse' }] as const) {
      const error = await readConfigFile(path, options).catch((error: unknown) => error)
      expect(error).toBeInstanceOf(Error)
      expect(findPlanted(shown(error))).toEqual([])
    }
  })
})
