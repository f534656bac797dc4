import { expect, it } from 'vitest'
import { describeInterfaceChange, type InterfaceChange } from './interface-change.js'

const lines: [InterfaceChange, string][] = [
  [{ kind: 'address-added', address: '10.0.0.1/24' }, 'add address 10.0.0.1/24'],
  [{ kind: 'address-removed', address: '10.0.0.1/24' }, 'remove address 10.0.0.1/24'],
  [{ kind: 'mtu', from: 1420, to: 1380 }, 'MTU: 1420 → 1380'],
  [{ kind: 'switched-on' }, 'switch the interface on'],
  [{ kind: 'route-added', destination: '10.0.0.0/8', table: 254 }, 'add route 10.0.0.0/8'],
  [
    { kind: 'route-removed', destination: '10.0.0.0/8', table: 7 },
    'remove route 10.0.0.0/8 in table 7',
  ],
  [
    { kind: 'default-route-added', family: 4, mark: 51820 },
    'send IPv4 into the tunnel (mark and table 51820)',
  ],
  [
    { kind: 'default-route-removed', family: 6, mark: 51820 },
    'no longer send IPv6 into the tunnel (mark and table 51820)',
  ],
  [{ kind: 'firewall-changed', family: 4, addresses: [] }, 'IPv4 firewall: guard nothing'],
  [{ kind: 'forwarding-on', family: 4 }, 'forward IPv4'],
  [{ kind: 'forwarding-off', family: 6 }, 'no longer forward IPv6'],
  [
    { kind: 'forwarding-rule-added', rule: 'masquerade 10.8.0.0/24' },
    'add rule: masquerade 10.8.0.0/24',
  ],
  [
    { kind: 'forwarding-rule-removed', rule: 'drop between clients' },
    'remove rule: drop between clients',
  ],
  [{ kind: 'listen-port', from: 1, to: 2 }, 'listen port: 1 → 2'],
]

for (const [change, line] of lines) {
  it(line, () => expect(describeInterfaceChange(change)).toBe(line))
}
