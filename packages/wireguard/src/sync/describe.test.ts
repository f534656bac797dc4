import { describe, expect, it } from 'vitest'
import type { Change } from './change.js'
import { describeChange } from './describe.js'

const bare = {
  kind: 'peer-added',
  publicKey: 'A',
  hasPresharedKey: false,
  persistentKeepalive: 0,
} as const

describe('describeChange', () => {
  it.each<[string, Change]>([
    ['private key: set (public key A)', { kind: 'private-key', publicKey: 'A' }],
    [
      'private key: replaced (public key A → B)',
      { kind: 'private-key', formerPublicKey: 'A', publicKey: 'B' },
    ],
    ['private key: removed (its public key was A)', { kind: 'private-key', formerPublicKey: 'A' }],
    ['listen port: 51820 → 51821', { kind: 'listen-port', from: 51820, to: 51821 }],
    ['listen port: (none) → 1', { kind: 'listen-port', from: 0, to: 1 }],
    ['firewall mark: off → 0xca6c', { kind: 'firewall-mark', from: 0, to: 0xca6c }],
    ['firewall mark: 0x1 → off', { kind: 'firewall-mark', from: 1, to: 0 }],
    ['add peer A', { ...bare, allowedIPs: [] }],
    [
      'add peer A, allowed IPs 10.0.0.1/32 fd00::/64, endpoint 192.0.2.1:1, keepalive every 25 seconds, with a preshared key',
      {
        ...bare,
        hasPresharedKey: true,
        persistentKeepalive: 25,
        endpoint: '192.0.2.1:1',
        allowedIPs: ['10.0.0.1/32', 'fd00::/64'],
      },
    ],
    ['remove peer A', { kind: 'peer-removed', publicKey: 'A' }],
    [
      'peer A: endpoint 192.0.2.1:1 → 192.0.2.2:1, keepalive off → every second, preshared key replaced',
      {
        kind: 'peer-changed',
        publicKey: 'A',
        endpoint: { from: '192.0.2.1:1', to: '192.0.2.2:1' },
        persistentKeepalive: { from: 0, to: 1 },
        presharedKey: 'replaced',
      },
    ],
    [
      'peer A: endpoint (none) → 192.0.2.2:1',
      { kind: 'peer-changed', publicKey: 'A', endpoint: { to: '192.0.2.2:1' } },
    ],
    [
      'peer A: add allowed IP 10.0.0.1/32',
      { kind: 'allowed-ip-added', publicKey: 'A', cidr: '10.0.0.1/32' },
    ],
    [
      'peer A: remove allowed IP 10.0.0.1/32',
      { kind: 'allowed-ip-removed', publicKey: 'A', cidr: '10.0.0.1/32' },
    ],
    [
      'move allowed IP 10.0.0.1/32 from peer A to peer B',
      { kind: 'allowed-ip-moved', cidr: '10.0.0.1/32', from: 'A', to: 'B' },
    ],
  ])('says: %s', (text, change) => {
    expect(describeChange(change)).toBe(text)
  })

  it('calls peers by the names it is given', () => {
    const names: Record<string, string> = { A: 'alice' }
    const peerName = (key: string) => names[key]
    const change = { kind: 'allowed-ip-moved', cidr: '::/0', from: 'A', to: 'B' } as const
    expect(describeChange(change, { peerName })).toBe(
      'move allowed IP ::/0 from peer alice to peer B',
    )
  })
})
