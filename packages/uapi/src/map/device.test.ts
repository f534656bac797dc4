import { inspect } from 'node:util'
import { publicKey, SecretKey, WireGuardError, wipeDevice } from '@wgctrl/types'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { replyVectors } from '../codec/replies.fixture.js'
import { type WireDevice, type WirePeer, wirePeer } from '../codec/reply.js'
import { ReplyParser } from '../codec/reply-parser.js'
import { ownPublicKey, toDevice, toPeer } from './device.js'

const NOW = Date.UTC(2024, 0, 2, 3, 4, 5)
beforeEach(() => {
  vi.useFakeTimers({ now: NOW })
})
afterEach(() => {
  vi.useRealTimers()
})

const KEY = Buffer.alloc(32, 7).toString('base64')
const wireguardGo: WireDevice = { listenPort: 0, fwmark: 0 }
const boringtun: WireDevice = { ...wireguardGo, ownPublicKey: KEY }
const peerWith = (fields: Partial<WirePeer>): WirePeer => ({ ...wirePeer(KEY), ...fields })

function parse(name: string): { reply: ReplyParser; peers: WirePeer[] } {
  const vector = replyVectors.find((one) => one.name === name)
  const reply = new ReplyParser()
  return { reply, peers: reply.push(Buffer.from(vector?.text ?? '')) }
}

describe('a device', () => {
  it('of wireguard-go', () => {
    const { reply, peers } = parse('wireguard-go, two peers')
    const device = toDevice(
      'wg0',
      reply,
      peers.map((peer) => toPeer(peer, reply.device)),
    )
    expect(device).toMatchObject({
      name: 'wg0',
      kind: 'userspace',
      publicKey: publicKey(device.privateKey as SecretKey),
      listenPort: 12912,
      firewallMark: 4294967295,
    })
    expect(device.privateKey?.toBase64()).toBe('6EtabScXwQA6E7QxVwNT26ypFGzxUMX4V1aA/rpSAno=')
    expect(device).not.toHaveProperty('unknown')
    expect(device.peers).toMatchObject([
      {
        endpoint: { address: '127.0.0.1', port: 51821, family: 4 },
        allowedIPs: ['10.0.0.2/32', 'fd00::1:0:0:2/128'],
        transmittedBytes: 148,
      },
      {
        endpoint: { address: '::1', port: 51820, family: 6 },
        persistentKeepalive: 65535,
        allowedIPs: ['0.0.0.0/0', '::/0'],
      },
    ])
    expect(device.peers[0]).not.toHaveProperty('presharedKey')
    expect(device.peers[0]).not.toHaveProperty('lastHandshake')
  })

  it('of boringtun, which gives no private key and the age of handshakes', () => {
    const { reply, peers } = parse('boringtun, a peer with everything and one with nothing')
    const device = toDevice(
      'wg0',
      reply,
      peers.map((peer) => toPeer(peer, reply.device)),
    )
    expect(device).not.toHaveProperty('privateKey')
    expect(device.publicKey).toBe(Buffer.alloc(32, 0xb2).toString('base64'))
    expect(device.peers).toMatchObject([
      {
        endpoint: { address: 'fe80::1', port: 51820, family: 6, scopeId: 2 },
        lastHandshake: new Date(NOW - 12_345),
        receivedBytes: 2 ** 64,
        transmittedBytes: 1e15,
        exactBytes: { received: `${2n ** 64n - 1n}`, transmitted: `${10n ** 15n}` },
      },
      { allowedIPs: [], persistentKeepalive: 0, protocolVersion: 1 },
    ])
    expect(device.peers[1]).not.toHaveProperty('lastHandshake')
  })

  it('of AmneziaWG, its secret taken out of the reply', () => {
    const { reply, peers } = parse('amneziawg-go, everything but its keys')
    reply.device.amnezia = { ...reply.device.amnezia, headerProtectionKey: SecretKey.from(KEY) }
    const device = toDevice(
      'awg0',
      reply,
      peers.map((peer) => toPeer(peer, reply.device)),
    )
    reply.wipe()
    expect(device.amnezia).toMatchObject({ jc: 4, h1: '100-199', i3: '<rc 5><rd 3>' })
    expect(device.amnezia?.headerProtectionKey?.toBase64()).toBe(KEY)
    expect(device.peers).toMatchObject([
      { persistentKeepalive: 15, persistentKeepaliveRange: '15-30' },
    ])
    expect(`${inspect(device)} ${JSON.stringify(device)}`).not.toContain(KEY)
    wipeDevice(device)
    expect(() => device.amnezia?.headerProtectionKey?.toBytes()).toThrow('wiped')
  })

  it('counts keys that are unknown', () => {
    const { reply } = parse('keys of another family')
    expect(toDevice('wg0', reply, []).unknown).toEqual({ jc: 1, S1: 1, advanced_security: 1 })
  })

  it('without a key has none, also where boringtun took zeros for one', () => {
    expect(ownPublicKey(wireguardGo)).toBeUndefined()
    const ofZeros = publicKey(new Uint8Array(32))
    expect(ownPublicKey({ ...wireguardGo, ownPublicKey: ofZeros })).toBeUndefined()
    expect(ownPublicKey(boringtun)).toBe(KEY)
  })

  it('shows no secret and can become JSON', () => {
    const { reply, peers } = parse('wireguard-go, two peers')
    const device = toDevice(
      'wg0',
      reply,
      peers.map((peer) => toPeer(peer, reply.device)),
    )
    const secrets = [device.privateKey, device.peers[1]?.presharedKey].map((key) => key?.toBase64())
    const shown = inspect(device, { depth: 9, showHidden: true }) + JSON.stringify(device)
    for (const secret of secrets) expect(shown).not.toContain(secret)
    expect(JSON.parse(JSON.stringify(device)).peers[0]).toMatchObject({ transmittedBytes: 148 })
  })

  it('takes the secrets out of the records', () => {
    const { reply, peers } = parse('wireguard-go, two peers')
    const device = toDevice(
      'wg0',
      reply,
      peers.map((peer) => toPeer(peer, reply.device)),
    )
    expect([reply.device.privateKey, peers[1]?.presharedKey]).toEqual([undefined, undefined])
    wipeDevice(device)
    expect(() => device.privateKey?.toBytes()).toThrow('wiped')
    expect(() => device.peers[1]?.presharedKey?.toBytes()).toThrow('wiped')
  })
})

describe('a handshake', () => {
  it.each([
    ['never', 0, 0, undefined],
    ['at a second', 1, 0, new Date(1000)],
    ['at a fraction of the first second', 0, 1, new Date(0)],
    ['at a time', 1_700_000_000, 999_999_999, new Date(1_700_000_000_999)],
    ['at the last time there is', 8.64e12, 0, new Date(8.64e15)],
  ])('%s', (_, sec, nsec, time) => {
    const peer = peerWith({ lastHandshakeTimeSec: sec, lastHandshakeTimeNsec: nsec })
    expect(toPeer(peer, wireguardGo).lastHandshake).toEqual(time)
  })

  it.each([wireguardGo, boringtun])('beyond what a Date can tell: EPROTO', (device) => {
    const peer = peerWith({ lastHandshakeTimeSec: 8.64e12, lastHandshakeTimeNsec: 999_999_999 })
    expect(() => toPeer(peer, device)).toThrow(expect.objectContaining({ code: 'EPROTO' }))
  })

  it('of some age', () => {
    const at = (sec: number, nsec: number) =>
      toPeer(peerWith({ lastHandshakeTimeSec: sec, lastHandshakeTimeNsec: nsec }), boringtun)
    expect(at(0, 0)).not.toHaveProperty('lastHandshake')
    expect(at(2, 500_000_000).lastHandshake).toEqual(new Date(NOW - 2500))
    expect(at(8.64e12, 0).lastHandshake?.getTime()).toBe(NOW - 8.64e15)
  })
})

describe('what cannot be read is EPROTO, not EINVAL', () => {
  it.each([
    ['endpoint', 'example.com:1'],
    ['endpoint', ''],
    ['endpoint', '127.0.0.1'],
    ['endpoint', '[::1]:65536'],
  ])('%s %j', (_, text) => {
    expect(() => toPeer(peerWith({ endpoint: text }), wireguardGo)).toThrow(WireGuardError)
    expect(() => toPeer(peerWith({ endpoint: text }), wireguardGo)).toThrow(
      expect.objectContaining({ code: 'EPROTO' }),
    )
  })

  it.each(['', '10.0.0.0/33', 'x', '10.0.0.0/', '::/129', '-10.0.0.0/8'])(
    'allowed_ip %j',
    (text) => {
      expect(() => toPeer(peerWith({ allowedIps: [text] }), wireguardGo)).toThrow(
        expect.objectContaining({ code: 'EPROTO', message: expect.stringContaining('allowed_ip') }),
      )
    },
  )
})

it('brings networks into their canonical form', () => {
  const allowedIps = ['10.1.2.3/8', 'FD00:0::/64', '::ffff:10.0.0.0/104', '10.0.0.1']
  expect(toPeer(peerWith({ allowedIps }), wireguardGo).allowedIPs).toEqual([
    '10.0.0.0/8',
    'fd00::/64',
    '::ffff:10.0.0.0/104',
    '10.0.0.1/32',
  ])
})

it('gives the keys as SecretKey', () => {
  const presharedKey = SecretKey.from(new Uint8Array(32).fill(9))
  expect(toPeer(peerWith({ presharedKey }), wireguardGo).presharedKey).toBeInstanceOf(SecretKey)
})
