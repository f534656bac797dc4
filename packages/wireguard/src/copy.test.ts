import { type DeviceConfig, generatePrivateKey, SecretKey } from '@wgctrl/types'
import { describe, expect, it } from 'vitest'
import { copyConfig, isLarge, wipeCopy } from './copy.js'

const KEY = Buffer.alloc(32, 1).toString('base64')
const full = (): DeviceConfig => ({
  privateKey: generatePrivateKey(),
  listenPort: 1,
  firewallMark: null,
  replacePeers: true,
  amnezia: { jc: 4, i1: null, headerProtectionKey: Buffer.alloc(32, 4) },
  extra: { later: ['1', '2'], other: '3' },
  peers: [
    {
      publicKey: Buffer.alloc(32, 2),
      updateOnly: true,
      presharedKey: Buffer.alloc(32, 3),
      endpoint: { address: '127.0.0.1', port: 1, family: 4 },
      persistentKeepalive: 5,
      persistentKeepaliveRange: '5-9',
      extra: { mark: '1' },
      replaceAllowedIPs: false,
      allowedIPs: ['10.0.0.1', { cidr: '10.0.0.2', remove: true }],
    },
    { publicKey: KEY, remove: true },
  ],
})

/** Bytes and secrets as text. */
const plain = (config: DeviceConfig): unknown =>
  JSON.parse(
    JSON.stringify(config, function (this: Record<string, unknown>, field, value) {
      const raw = this[field]
      if (raw instanceof SecretKey) return raw.toBase64()
      return raw instanceof Uint8Array ? Buffer.from(raw).toString('base64') : value
    }),
  )

describe('a copy', () => {
  it('says the same', () => {
    const config = full()
    expect(plain(copyConfig(config))).toEqual(plain(config))
  })

  it('shares nothing that can be changed', () => {
    const privateKey = generatePrivateKey()
    const secrets = [Buffer.alloc(32, 2), Buffer.alloc(32, 3)] as const
    const endpoint = { address: '127.0.0.1', port: 1, family: 4 as const }
    const removal = { cidr: '10.0.0.2', remove: true }
    const allowedIPs = ['10.0.0.1', removal]
    const protection = Buffer.alloc(32, 4)
    const amnezia = { jc: 4, headerProtectionKey: protection }
    const extra = { later: ['1'] }
    const peer = { publicKey: secrets[0], presharedKey: secrets[1], endpoint, allowedIPs }
    const config = { privateKey, listenPort: 1, amnezia, extra, peers: [peer] }
    const copy = copyConfig(config)
    const before = plain(copy)
    privateKey.wipe()
    for (const secret of secrets) secret.fill(9)
    endpoint.port = 9
    protection.fill(9)
    amnezia.jc = 9
    extra.later.pop()
    removal.remove = false
    allowedIPs.pop()
    peer.allowedIPs = []
    config.peers.pop()
    config.listenPort = 9
    expect(plain(copy)).toEqual(before)
  })

  it('can be wiped, and the original keeps its keys', () => {
    const config = full()
    const before = plain(config)
    const copy = copyConfig(config)
    wipeCopy(copy)
    expect(plain(config)).toEqual(before)
    expect(() => (copy.privateKey as SecretKey).toBytes()).toThrow('wiped')
    expect(copy.peers?.[0]?.presharedKey).toEqual(new Uint8Array(32))
  })

  it('keeps what would be refused', () => {
    const odd = [
      null,
      7,
      'x',
      [],
      { peers: 7 },
      { peers: [null, 7] },
      { other: 1 },
      { peers: [{}] },
    ]
    for (const config of [...odd, { peers: [{ publicKey: 7, allowedIPs: 'x', more: 1 }] }]) {
      const copy = copyConfig(config as never)
      expect(plain(copy)).toEqual(plain(config as never))
      wipeCopy(copy)
    }
  })

  it('takes fields from wherever they come', () => {
    class Config {
      #port = 7
      get listenPort(): number {
        return this.#port
      }
    }
    expect(copyConfig(new Config()).listenPort).toBe(7)
  })

  it('of a key that was wiped: EINVAL', () => {
    const privateKey = generatePrivateKey()
    privateKey.wipe()
    expect(() => copyConfig({ privateKey })).toThrow(expect.objectContaining({ code: 'EINVAL' }))
  })
})

it('is large from 1,001 peers on, or 50,001 networks', () => {
  const peers = Array.from({ length: 1001 }, () => ({ publicKey: KEY }))
  expect(isLarge({ peers })).toBe(true)
  expect(isLarge({ peers: peers.slice(1) })).toBe(false)
  const networks = Array.from({ length: 25_001 }, () => '10.0.0.0/8')
  const both = (...lists: string[][]) => lists.map((allowedIPs) => ({ publicKey: KEY, allowedIPs }))
  expect(isLarge({ peers: both(networks, networks.slice(1)) })).toBe(true)
  expect(isLarge({ peers: both(networks.slice(1), networks.slice(1)) })).toBe(false)
  for (const none of [{}, null, { peers: 'x' }, { peers: [null, { allowedIPs: 7 }] }])
    expect(isLarge(none as DeviceConfig)).toBe(false)
})
