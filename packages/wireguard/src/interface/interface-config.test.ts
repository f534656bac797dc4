import { describe, expect, it } from 'vitest'
import { checkInterface, checkNamedInterface, type InterfaceConfig } from './interface-config.js'

describe('checkInterface', () => {
  it('separates the device from the rest, and fills in what is absent', () => {
    const peers = [{ publicKey: 'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=' }]
    const config = { name: 'wg0', addresses: ['10.0.0.1/24', 'FD00::1'], listenPort: 7, peers }
    expect(checkNamedInterface(config)).toEqual({
      device: { listenPort: 7, peers },
      addresses: [
        { family: 4, text: '10.0.0.1/24' },
        { family: 6, text: 'fd00::1/128' },
      ],
      dns: { servers: [], search: [] },
      mtu: undefined,
      table: 'auto',
      hooks: { preUp: [], postUp: [], preDown: [], postDown: [] },
      forwarding: { forward: false, nat: undefined, betweenClients: true },
      saveConfig: false,
    })
  })

  it('fills in what is absent of NAT, and forwards for it', () => {
    const forwardingOf = (part: Partial<InterfaceConfig>) =>
      checkInterface({ addresses: ['10.8.0.1/24', '10.9.0.1', 'fd00::1/64'], ...part }).forwarding
    const all = { to: [], networks: ['10.8.0.0/24', 'fd00::/64'], source: {} }
    expect(forwardingOf({ nat: {} })).toEqual({ forward: true, nat: all, betweenClients: true })
    expect(forwardingOf({ nat: {}, forward: false, betweenClients: false })).toEqual({
      forward: false,
      nat: all,
      betweenClients: false,
    })
    const nat = { to: 'eth0', networks: ['10.8.0.7/24'], source: 'FD00::2' }
    expect(forwardingOf({ nat }).nat).toEqual({
      to: ['eth0'],
      networks: ['10.8.0.0/24'],
      source: { 6: 'fd00::2' },
    })
  })

  it('reads tables', () => {
    const tableOf = (table: string | number) => checkInterface({ table }).table
    expect([tableOf('off'), tableOf('auto'), tableOf(7), tableOf('0x10'), tableOf('main')]).toEqual(
      ['off', 'auto', 7, 16, 'main'],
    )
  })

  it('takes a table whose name begins with a digit, and name servers that are reached by a link', () => {
    const { table, dns } = checkInterface({ table: '201.eth8', dns: { servers: ['fe80::1%wg0'] } })
    expect([table, dns.servers]).toEqual(['201.eth8', ['fe80::1%wg0']])
  })

  const wrong: [string, Partial<Record<keyof InterfaceConfig, unknown>>, string][] = [
    ['a name with a slash', { name: 'a/b' }, 'name'],
    ['no array', { addresses: '10.0.0.1' }, 'addresses'],
    ['a network of 33 bits', { addresses: ['10.0.0.1/33'] }, 'addresses[0]'],
    ['two slashes', { addresses: ['10.0.0.1/3/3'] }, 'addresses[0]'],
    ['a signed length', { addresses: ['10.0.0.1/+3'] }, 'addresses[0]'],
    ['a server by name', { dns: { servers: ['a.example'] } }, 'dns.servers[0]'],
    ['a server of IPv4 with a scope', { dns: { servers: ['10.0.0.1%wg0'] } }, 'dns.servers[0]'],
    ['a server with two lines', { dns: { servers: ['fe80::1%a\nb'] } }, 'dns.servers[0]'],
    ['two lines for one domain', { dns: { search: ['a\nnameserver 1.1.1.1'] } }, 'dns.search[0]'],
    ['an option for a domain', { dns: { search: ['-x'] } }, 'dns.search[0]'],
    ['an MTU of nothing', { mtu: 0 }, 'mtu'],
    ['an MTU in words', { mtu: '1420' }, 'mtu'],
    ['table 0', { table: 0 }, 'table'],
    ['a table below a folder', { table: '../x' }, 'table'],
    ['a hook that is a number', { hooks: { postUp: [1] } }, 'hooks.postUp[0]'],
    ['NAT in a word', { nat: 'eth0' }, 'nat'],
    ['an unknown field of NAT', { nat: { out: 'eth0' } }, 'nat.out'],
    ['NAT to what is no link', { nat: { to: 'eth*' } }, 'nat.to'],
    ['NAT to what would be more than a name', { nat: { to: ['eth0', 'x" drop'] } }, 'nat.to[1]'],
    ['NAT to the tunnel itself', { nat: { to: ['wg0'] } }, 'nat.to[0]'],
    ['NAT to a number', { nat: { to: 7 } }, 'nat.to'],
    ['NAT for a network that is none', { nat: { networks: ['10.0.0.0/33'] } }, 'nat.networks[0]'],
    ['NAT for no network', { nat: { networks: [] } }, 'nat.networks'],
    ['NAT for hosts alone', { addresses: ['10.0.0.1', 'fd00::1'], nat: {} }, 'nat.networks'],
    ['NAT to a network', { nat: { networks: ['::/0'], source: '10.0.0.1/24' } }, 'nat.source'],
    [
      'NAT to two addresses of a family',
      { nat: { networks: ['::/0'], source: ['10.0.0.1', 'fd00::1', '10.0.0.2'] } },
      'nat.source[2]',
    ],
    ['forwarding in words', { forward: 'yes' }, 'forward'],
    ['a deny in words', { betweenClients: 0 }, 'betweenClients'],
    ['a flag in words', { saveConfig: 'true' }, 'saveConfig'],
  ]
  for (const [title, part, path] of wrong) {
    it(`refuses ${title}`, () => {
      const config = { name: 'wg0', ...part } as InterfaceConfig
      expect(() => checkNamedInterface(config)).toThrow(
        expect.objectContaining({ code: 'EINVAL', path }),
      )
    })
  }
})
