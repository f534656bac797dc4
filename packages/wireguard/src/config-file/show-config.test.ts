import { type Device, SecretKey } from '@wgctrl/types'
import { describe, expect, it } from 'vitest'
import { parseConfig } from './parse.js'
import { showConfig } from './show-config.js'
import { key } from './testing/config-text.js'

const device: Device = {
  name: 'wg0',
  kind: 'userspace',
  listenPort: 0,
  firewallMark: 0,
  peers: [],
}
const traffic = { receivedBytes: 0, transmittedBytes: 0, protocolVersion: 1 }
const bare = { ...traffic, persistentKeepalive: 0, allowedIPs: [] }

describe('showConfig', () => {
  it('shows a bare device as wg(8) does', () => {
    expect(showConfig(device)).toBe('[Interface]\n\n')
  })

  it('shows all that wg(8) shows, in its order and spelling', () => {
    const text = showConfig({
      ...device,
      privateKey: SecretKey.from(key(1)),
      listenPort: 51820,
      firewallMark: 0xca6c,
      peers: [
        {
          ...traffic,
          publicKey: key(2),
          presharedKey: SecretKey.from(key(3)),
          allowedIPs: ['10.0.0.0/24', 'fd00::/64'],
          endpoint: { address: '192.0.2.1', port: 1, family: 4 },
          persistentKeepalive: 25,
        },
        { ...bare, publicKey: key(4) },
      ],
    })
    expect(text).toBe(`[Interface]
ListenPort = 51820
FwMark = 0xca6c
PrivateKey = ${key(1)}

[Peer]
PublicKey = ${key(2)}
PresharedKey = ${key(3)}
AllowedIPs = 10.0.0.0/24, fd00::/64
Endpoint = 192.0.2.1:1
PersistentKeepalive = 25

[Peer]
PublicKey = ${key(4)}
`)
    expect(parseConfig(text, { dialect: 'wg', unknownKeys: 'refuse' }).warnings).toEqual([])
  })

  it.each([
    ['::/0', '::/0'],
    ['::1/128', '::1/128'],
    ['::1:2/128', '::0.1.0.2/128'],
    ['::102:304/128', '::1.2.3.4/128'],
    ['::1:0/112', '::0.1.0.0/112'],
    ['::ffff:1.2.3.4/128', '::ffff:1.2.3.4/128'],
    ['::1:2:3/128', '::1:2:3/128'],
    ['1::/16', '1::/16'],
  ])('shows %s as inet_ntop(3) does: %s', (cidr, shown) => {
    const peers = [{ ...bare, publicKey: key(4), allowedIPs: [cidr] }]
    expect(showConfig({ ...device, peers })).toContain(`AllowedIPs = ${shown}\n`)
  })

  it.each([
    [undefined, '[fe80::1]:1'],
    [2, '[fe80::1%eth0]:1'],
    [3, '[fe80::1%3]:1'],
    ['eth1', '[fe80::1%eth1]:1'],
  ])('shows the scope %s as %s', (scopeId, shown) => {
    const endpoint = { address: 'fe80::1', port: 1, family: 6 as const }
    const peers = [
      {
        ...bare,
        publicKey: key(4),
        endpoint: scopeId === undefined ? endpoint : { ...endpoint, scopeId },
      },
    ]
    const interfaceName = (index: number) => (index === 2 ? 'eth0' : undefined)
    expect(showConfig({ ...device, peers }, { interfaceName })).toContain(`Endpoint = ${shown}\n`)
  })
})
