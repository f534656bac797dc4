import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WireGuardError } from '@wgctrl/types'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkGatewayConfig } from './check-config.js'
import { readGatewayConfig } from './read-config.js'

const least = { interface: { file: 'wg0.conf' }, store: { type: 'file', path: 'clients' } }
const check = (config: object) => checkGatewayConfig(config, '/etc/wgctrl/gateway.json')

describe('the config of a gateway', () => {
  it('is complete with what it says and what it leaves out', () => {
    expect(check(least)).toEqual({
      interface: { file: '/etc/wgctrl/wg0.conf' },
      store: { type: 'file', path: '/etc/wgctrl/clients' },
      idle: 300_000,
      negativeTtl: 30_000,
      lookupTimeout: 5000,
      maxLookups: 256,
      cache: { size: 100_000, maxAge: 86_400_000, patience: 300 },
      log: 'text',
    })
    const more = {
      ...least,
      interface: {
        file: '/srv/wg1.conf',
        backend: 'userspace',
        dialect: 'amneziawg',
        nat: { to: 'eth0' },
      },
      networks: ['10.8.0.0/16', 'fd08::/64'],
      maxPeers: 1000,
      idle: '1.5h',
      cache: { size: 0, maxAge: '2d', patience: '50ms' },
      listen: '127.0.0.1:9587',
      log: 'json',
    }
    expect(check(more)).toMatchObject({
      ...more,
      store: { path: '/etc/wgctrl/clients' },
      idle: 5_400_000,
      cache: { size: 0, maxAge: 172_800_000, patience: 50 },
    })
  })

  it('has a fleet on the NATS of its store, unless it names another', () => {
    const store = { type: 'nats', servers: ['a:1', 'b:2'] }
    const fleet = { id: 'one' }
    expect(check({ ...least, store, fleet }).fleet).toEqual({
      nats: { servers: ['a:1', 'b:2'], timeout: 2000 },
      id: 'one',
      bucket: 'wireguard-presence',
      gateways: 'wireguard-gateways',
      ttl: 10_000,
      subject: 'wireguard',
    })
    const other = { ...fleet, servers: 'c:3' }
    expect(check({ ...least, store, fleet: other }).fleet?.nats.servers).toEqual(['c:3'])
    const slower = { ...fleet, timeout: '5s' }
    const guarded = { ...store, tokenFile: '/token' }
    expect(check({ ...least, store: guarded, fleet: slower }).fleet?.nats).toEqual({
      servers: ['a:1', 'b:2'],
      tokenFile: '/token',
      timeout: 5000,
    })
    const elsewhere = check({ ...least, store: guarded, fleet: other }).fleet
    expect(elsewhere?.nats).toEqual({ servers: ['c:3'], timeout: 2000 })
  })

  it('takes servers of NATS as hosts, with a port and a scheme, and says no password again', () => {
    const servers = ['a', 'a.b:1', '10.0.0.1:4222', '[::1]:65535', 'tls://a:4222', 'nats://a:4222/']
    const store = { type: 'nats', servers }
    expect(check({ ...least, store }).store).toMatchObject({ nats: { servers } })
    const secret = { ...least, store: { type: 'nats', servers: 'nats://user:secret@a' } }
    expect(() => check(secret)).toThrow(/^(?!.*secret)/)
  })

  it('takes no server for another that is to have TLS', () => {
    const natsOf = (store: object) => check({ ...least, store: { type: 'nats', ...store } }).store
    expect(natsOf({ servers: ['a', 'tls://b'] })).toMatchObject({ nats: { tls: {} } })
    expect(natsOf({ servers: 'nats://a' })).toMatchObject({ nats: { servers: ['nats://a'] } })
    expect(natsOf({ servers: 'nats://a' })).not.toHaveProperty('nats.tls')
    const tls = { caFile: '/ca.pem' }
    expect(natsOf({ servers: 'tls://a', tls })).toMatchObject({ nats: { tls } })
  })

  it('takes a key in the path or the query of a URL', () => {
    for (const url of ['https://a/{key}', 'https://a/?of={key}']) {
      expect(check({ ...least, store: { type: 'http', url } }).store).toMatchObject({ url })
    }
  })

  it.each<[string, object]>([
    ['config', []],
    ['idel', { ...least, idel: '5m' }],
    ['interface', { store: least.store }],
    ['interface.file', { ...least, interface: {} }],
    ['interface.file', { ...least, interface: { file: 'wg0' } }],
    ['interface.file', { ...least, interface: { file: '/etc/a name.conf' } }],
    ['interface.backend', { ...least, interface: { file: 'wg0.conf', backend: 'go' } }],
    ['interface.dialect', { ...least, interface: { file: 'wg0.conf', dialect: 'awg' } }],
    ...(
      [
        ['', 5],
        ['.to', { to: 5 }],
        ['.to', { to: 'wg0' }],
        ['.to[1]', { to: ['eth0', 'a name'] }],
        ['.networks', { networks: [] }],
        ['.source', { source: 'eth0' }],
      ] as [string, unknown][]
    ).map(([field, nat]): [string, object] => [
      `interface.nat${field}`,
      { ...least, interface: { file: 'wg0.conf', nat } },
    ]),
    ['store', { interface: least.interface }],
    ['store.type', { ...least, store: { path: 'clients' } }],
    ['store.path', { ...least, store: { type: 'file' } }],
    ['store.url', { ...least, store: { type: 'file', path: 'x', url: 'y' } }],
    ['store.servers', { ...least, store: { type: 'nats', servers: 5 } }],
    ['store.servers[1]', { ...least, store: { type: 'nats', servers: ['a:4222', ''] } }],
    ['store.servers', { ...least, store: { type: 'nats', servers: [] } }],
    ...['::::', 'h:99999', 'h:0', 'a b', 'ws://a', 'tls://u:p@a:4222', 'a:4222/x'].map(
      (server): [string, object] => [
        'store.servers[0]',
        { ...least, store: { type: 'nats', servers: [server] } },
      ],
    ),
    ['fleet.servers', { ...least, fleet: { servers: [] } }],
    ['store.url', { ...least, store: { type: 'http', url: 'https://a/#{key}' } }],
    ['store.url', { ...least, store: { type: 'http', url: 'https://{key}.a/' } }],
    ['store.retries', { ...least, store: { type: 'http', url: 'https://a/{key}', retries: 1e15 } }],
    ['cache.size', { ...least, cache: { size: 1e9 } }],
    ['store.bucket', { ...least, store: { type: 'nats', bucket: 'a.b' } }],
    ['store.tls.certFile', { ...least, store: { type: 'nats', tls: { certFile: 7 } } }],
    ['store.tls.cert', { ...least, store: { type: 'nats', tls: { cert: 'x' } } }],
    ['store.markers', { ...least, store: { type: 'nats', markers: 30 } }],
    ['fleet', { ...least, fleet: 'yes' }],
    ['fleet.id', { ...least, fleet: { id: 'a b' } }],
    ['fleet.ttl', { ...least, fleet: { id: 'a', ttl: '10ms' } }],
    ['fleet.subject', { ...least, fleet: { id: 'a', subject: 'a.>' } }],
    ['fleet.servers', { ...least, fleet: { id: 'a', servers: 7 } }],
    ['fleet.bucket', { ...least, store: { type: 'nats' }, fleet: { bucket: 'wireguard-clients' } }],
    [
      'fleet.bucket',
      { ...least, store: { type: 'nats', bucket: 'wireguard-presence' }, fleet: { servers: 'a' } },
    ],
    [
      'fleet.gateways',
      { ...least, store: { type: 'nats', bucket: 'a' }, fleet: { gateways: 'a' } },
    ],
    ['fleet.gateways', { ...least, fleet: { bucket: 'a', gateways: 'a' } }],
    ['sealKeyFile', { ...least, sealKeyFile: 5 }],
    ['networks', { ...least, networks: '10.0.0.0/8' }],
    ['networks[1]', { ...least, networks: ['10.0.0.0/8', '10.0.0.500'] }],
    ['maxPeers', { ...least, maxPeers: 0 }],
    ['maxPeers', { ...least, maxPeers: '5' }],
    ['idle', { ...least, idle: 300 }],
    ['idle', { ...least, idle: '10ms' }],
    ['idle', { ...least, idle: '5 minutes' }],
    ['cache', { ...least, cache: 5 }],
    ['cache.size', { ...least, cache: { size: 1.5 } }],
    ['cache.maxAge', { ...least, cache: { maxAge: '-1s' } }],
    ['listen', { ...least, listen: 9587 }],
    ['listen', { ...least, listen: 'nonsense' }],
    ['listen', { ...least, listen: ':9587' }],
    ['log', { ...least, log: 'xml' }],
  ])('names the field that is wrong: %s', (path, config) => {
    expect(() => check(config)).toThrow(WireGuardError)
    expect(() => check(config)).toThrow(expect.objectContaining({ code: 'EINVAL', path }))
  })
})

describe('the file of a config', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wgctrl-config-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  it('is read, unless it is no JSON, others can write it, or it is no file', async () => {
    const path = join(folder, 'gateway.json')
    await writeFile(path, JSON.stringify(least), { mode: 0o600 })
    expect((await readGatewayConfig(path)).interface.file).toBe(join(folder, 'wg0.conf'))
    await chmod(path, 0o666)
    await expect(readGatewayConfig(path)).rejects.toMatchObject({ code: 'EPERM' })
    await chmod(path, 0o600)
    const secret = `${'A'.repeat(42)}E=`
    await writeFile(path, `{\n  "store": {}\n  "log": "${secret}"\n}`)
    await expect(readGatewayConfig(path)).rejects.toMatchObject({ code: 'EINVAL', line: 3 })
    await writeFile(path, `{\n  "store": ${secret}\n}`)
    const refused = readGatewayConfig(path).catch((error: Error) => error)
    expect(await refused).toMatchObject({ code: 'EINVAL' })
    expect(String(await refused)).not.toContain('AAAA')
    await expect(readGatewayConfig(folder)).rejects.toMatchObject({ code: 'EINVAL' })
    await expect(readGatewayConfig(join(folder, 'no'))).rejects.toMatchObject({ code: 'ENOENT' })
  })
})
