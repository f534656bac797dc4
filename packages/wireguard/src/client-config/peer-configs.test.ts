import { generatePrivateKey, publicKey, type SecretKey } from '@wgctrl/types'
import { describe, expect, it } from 'vitest'
import { formatInterfaceConfig, newConfig } from '../config-file/interface-text.js'
import { type ClientSide, peerConfigs } from './peer-configs.js'

const server = { privateKey: generatePrivateKey(), listenPort: 51820 }
const serverKey = publicKey(server.privateKey)
const given: ClientSide = { addresses: ['10.8.0.2/24'], endpoint: 'vpn.example.net' }

describe('peerConfigs', () => {
  it('makes both ends of a tunnel', () => {
    using ends = peerConfigs(server, {
      ...given,
      addresses: ['10.8.0.2/24', 'fd00::2'],
      networks: ['192.168.7.0/24'],
      dns: { servers: ['10.8.0.1'] },
      mtu: 1380,
      persistentKeepalive: 25,
    })
    const { client, peer } = ends
    expect(peer.publicKey).toBe(publicKey(client.privateKey as SecretKey))
    expect(peer.allowedIPs).toEqual(['10.8.0.2/32', 'fd00::2/128', '192.168.7.0/24'])
    const [toServer] = client.peers ?? []
    expect(toServer).toMatchObject({
      publicKey: serverKey,
      endpoint: 'vpn.example.net:51820',
      allowedIPs: ['0.0.0.0/0', '::/0'],
      persistentKeepalive: 25,
    })
    expect((peer.presharedKey as SecretKey).equals(toServer?.presharedKey as SecretKey)).toBe(true)
    expect(formatInterfaceConfig(client)).toContain(`PrivateKey = `)
    expect(client).toMatchObject({ name: 'wg0', mtu: 1380, dns: { servers: ['10.8.0.1'] } })
  })

  it('gives a client what AmneziaWG wants the same at both ends', () => {
    const amnezia = { s1: 15, h1: '100-199' }
    using ends = peerConfigs({ ...server, amnezia }, given)
    expect(ends.client.amnezia).toEqual(amnezia)
    expect(formatInterfaceConfig(ends.client)).toContain('S1 = 15\nH1 = 100-199\n')
  })

  it('has a peer that a config file takes as it is', () => {
    const file = newConfig()
    using withSecret = peerConfigs(server, given)
    using without = peerConfigs(server, { ...given, addresses: ['10.8.0.3'], presharedKey: null })
    file.addPeer({ ...withSecret.peer, name: 'alice' })
    file.addPeer(without.peer)
    const [alice, other] = file.peers
    expect(alice).toMatchObject({ name: 'alice', allowedIPs: ['10.8.0.2/32'] })
    expect(alice?.presharedKey?.equals(withSecret.peer.presharedKey as SecretKey)).toBe(true)
    expect(other).toMatchObject({ presharedKey: undefined, allowedIPs: ['10.8.0.3/32'] })
  })

  it('wipes the keys of its own, and none of the caller', () => {
    const mine = generatePrivateKey()
    const { client, peer, wipe } = peerConfigs(server, { ...given, privateKey: mine })
    wipe()
    for (const key of [client.privateKey, peer.presharedKey]) {
      expect(() => (key as SecretKey).toBytes()).toThrow('was wiped')
    }
    expect(mine.isZero).toBe(false)
  })

  it('leaves a private key out that the client keeps, and a preshared key that nobody wants', () => {
    const key = publicKey(generatePrivateKey())
    const { client, peer } = peerConfigs(server, { ...given, publicKey: key, presharedKey: null })
    expect(client).not.toHaveProperty('privateKey')
    expect(peer).toEqual({ publicKey: key, allowedIPs: ['10.8.0.2/32'] })
    expect(client.peers?.[0]).not.toHaveProperty('presharedKey')
  })

  it.each([
    ['vpn.example.net', 'vpn.example.net:51820'],
    ['vpn.example.net:443', 'vpn.example.net:443'],
    ['192.0.2.1', '192.0.2.1:51820'],
    ['2001:db8::1', '[2001:db8::1]:51820'],
    ['[2001:db8::1]', '[2001:db8::1]:51820'],
    ['[2001:db8::1]:7', '[2001:db8::1]:7'],
  ])('takes %s for where the server is', (endpoint, expected) => {
    expect(peerConfigs(server, { ...given, endpoint }).client.peers?.[0]?.endpoint).toBe(expected)
  })

  it('takes a reading of the server, which may not show its private key', () => {
    const { client } = peerConfigs({ publicKey: serverKey, listenPort: 7 }, given)
    expect(client.peers?.[0]).toMatchObject({ publicKey: serverKey, endpoint: 'vpn.example.net:7' })
  })

  it.each([
    ['addresses', { addresses: [] }],
    ['addresses[0]', { addresses: ['10.8.0'] }],
    ['endpoint', { endpoint: 'no host:7' }],
    ['endpoint', { endpoint: undefined }],
    ['privateKey', { privateKey: 'x' }],
    ['privateKey', { privateKey: server.privateKey }],
    ['publicKey', { publicKey: 'x' }],
    ['presharedKey', { presharedKey: 'x' }],
    ['adresses', { adresses: [] }],
    ['networks[0]', { networks: ['x'] }],
    ['allowedIPs[1]', { allowedIPs: ['10.0.0.0/8', 'x'] }],
    ['persistentKeepalive', { persistentKeepalive: -1 }],
    ['mtu', { mtu: 1.5 }],
    ['name', { name: '../wg0' }],
    ['dns.servers[0]', { dns: { servers: ['x'] } }],
  ])('refuses %s', (path, wrong) => {
    expect(() => peerConfigs(server, { ...given, ...wrong } as ClientSide)).toThrow(
      expect.objectContaining({ code: 'EINVAL', path }),
    )
  })

  it('has to know the key and the port of the server', () => {
    const key = expect.objectContaining({ code: 'EINVAL', path: 'server.publicKey' })
    expect(() => peerConfigs({ listenPort: 7 }, given)).toThrow(key)
    const port = expect.objectContaining({ code: 'EINVAL', path: 'endpoint' })
    expect(() => peerConfigs({ publicKey: serverKey, listenPort: 0 }, given)).toThrow(port)
  })
})
