import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Duplex } from 'node:stream'
import { generatePresharedKey, generatePrivateKey, publicKey, WireGuardError } from '@wgctrl/types'
import { MemoryBackend } from '@wgctrl/types/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  connect,
  open,
  type RemoteServer,
  readInterface,
  type ServeEvent,
  serve,
  type WireGuard,
} from '../index.js'
import type { RemoteAllow } from './rights.js'

const keys = Array.from({ length: 3 }, () => publicKey(generatePrivateKey()))
const ALL: RemoteAllow = { calls: ['read', 'interface'], secrets: true }

let folder: string
let wg: WireGuard
let server: RemoteServer
let events: ServeEvent[]
const path = () => join(folder, 'wg.sock')

async function served(allow: RemoteAllow) {
  server = await serve(wg, path(), { allow, log: (event) => events.push(event) })
  return await connect(path())
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'remote-'))
  events = []
  wg = await open({ backends: [new MemoryBackend('userspace')] })
  await wg.create('wg0')
})

afterEach(async () => {
  await server.close()
  await wg.close()
  rmSync(folder, { recursive: true })
})

describe('a client of a server', () => {
  it('does not take interfaces of this machine for those of the server', async () => {
    await using far = await served(ALL)
    await expect(readInterface({ wg: far }, 'wg0')).rejects.toMatchObject({
      code: 'EUNSUPPORTED',
      feature: 'readInterface',
    })
  })

  it('reads what the server reads', async () => {
    const privateKey = generatePrivateKey()
    const presharedKey = generatePresharedKey()
    await wg.configure('wg0', {
      privateKey,
      listenPort: 5,
      amnezia: { jc: 4, h1: '5-9', headerProtectionKey: presharedKey },
      peers: [
        {
          publicKey: keys[0] ?? '',
          presharedKey,
          persistentKeepaliveRange: '15-30',
          allowedIPs: ['10.0.0.1/32'],
        },
      ],
    })
    await using far = await served(ALL)
    const device = await far.device('wg0')
    expect(device).toEqual(await wg.device('wg0'))
    expect(device.privateKey?.equals(privateKey)).toBe(true)
    expect(device.peers[0]?.presharedKey?.equals(presharedKey)).toBe(true)
    expect(device.amnezia?.headerProtectionKey?.equals(presharedKey)).toBe(true)
    expect(await far.names()).toEqual(['wg0'])
    expect(await far.devices()).toEqual([device])
    expect((await far.devices()).errors).toEqual([])
    expect(far.backends).toMatchObject([{ kind: 'userspace', available: true }])
    const peers = []
    for await (const peer of far.peers('wg0')) peers.push(peer)
    expect(peers).toEqual(device.peers)
  })

  it('changes what the server lets it', async () => {
    await using far = await served(ALL)
    const privateKey = generatePrivateKey()
    await far.configure('wg0', { privateKey, peers: [{ publicKey: keys[1] ?? '' }] })
    expect((await wg.device('wg0')).privateKey?.equals(privateKey)).toBe(true)
    expect(privateKey.isZero).toBe(false)
    const changes = await far.sync('wg0', { listenPort: 7, peers: [] })
    expect(changes.map(({ kind }) => kind)).toEqual(['listen-port', 'peer-removed'])
    await far.create('wg1')
    expect(await wg.names()).toEqual(['wg0', 'wg1'])
    await far.delete('wg1')
  })

  it('is told the errors of the server, whole', async () => {
    await using far = await served(ALL)
    const failure = async (call: (client: typeof far | WireGuard) => Promise<unknown>) => {
      const here = await call(wg).then(unexpected, asFound)
      const there = await call(far).then(unexpected, asFound)
      expect(there).toEqual(here)
      expect(there.constructor).toBe(here.constructor)
      expect(Object.keys(there).sort()).toEqual(Object.keys(here).sort())
      expect(there.message).toBe(here.message)
      return there
    }
    expect(await failure((one) => one.device('wg9'))).toBeInstanceOf(WireGuardError)
    expect(await failure((one) => one.device('a/b'))).toMatchObject({ code: 'EINVAL' })
    const wrong = { peers: [{ publicKey: keys[0] ?? '', allowedIPs: ['10.0.0.300/32'] }] }
    expect(await failure((one) => one.configure('wg0', wrong))).toMatchObject({
      path: 'peers[0].allowedIPs[0]',
    })
    expect(await failure((one) => one.configure('wg0', { listenPort: 70_000 }))).toBeInstanceOf(
      RangeError,
    )
    expect(await failure((one) => one.configure('wg0', { port: 5 } as never))).toBeInstanceOf(
      TypeError,
    )
  })

  it('carries lists of any length', async () => {
    await using far = await served(ALL)
    const peers = Array.from({ length: 700 }, (_, at) => ({
      publicKey: publicKey(generatePrivateKey()),
      allowedIPs: at === 3 ? many(900) : [],
    }))
    await far.configure('wg0', { peers })
    const device = await far.device('wg0')
    expect(device).toEqual(await wg.device('wg0'))
    expect(device.peers).toHaveLength(700)
    expect(device.peers[3]?.allowedIPs).toHaveLength(900)
    const streamed = []
    for await (const peer of far.peers('wg0')) streamed.push(peer)
    expect(streamed).toEqual(device.peers)
  })
})

const asFound = (error: WireGuardError): WireGuardError => error
const unexpected = (): never => {
  throw new Error('it did not fail')
}

const many = (count: number): string[] =>
  Array.from({ length: count }, (_, at) => `10.${at >> 8}.${at & 255}.0/24`)

it('says ECONNRESET of a server that is gone, also when that is seen on writing', async () => {
  await served({})
  const gone = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })
  const stream = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done(gone) })
  await expect(connect(stream)).rejects.toMatchObject({ code: 'ECONNRESET' })
})
