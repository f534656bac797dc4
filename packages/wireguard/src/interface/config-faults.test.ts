import { generatePrivateKey, publicKey } from '@wgctrl/types'
import { describe, expect, it } from 'vitest'
import { configFaults } from './config-faults.js'
import type { InterfaceConfig } from './interface-config.js'

const privateKey = generatePrivateKey()
const [alice = '', bob = '', carol = ''] = [1, 2, 3].map(() => publicKey(generatePrivateKey()))

const pathsOf = async (config: unknown) =>
  (await configFaults(config as InterfaceConfig)).map((fault) => fault.path)

describe('configFaults', () => {
  it('finds nothing in what is right', async () => {
    const config = {
      name: 'wg0',
      privateKey,
      addresses: ['10.0.0.1/24', 'fd00::1/64'],
      table: 'off',
      peers: [
        { publicKey: alice, endpoint: 'vpn.example.net:7', allowedIPs: ['10.0.0.2'] },
        { publicKey: bob, allowedIPs: ['10.0.0.3'] },
      ],
    }
    expect(await pathsOf(config)).toEqual([])
  })

  it('looks at NAT with the addresses that are right', async () => {
    const config = { name: 'wg0', addresses: ['x', '10.0.0.1/24'], nat: {} }
    expect(await pathsOf(config)).toEqual(['addresses[0]'])
    expect(await pathsOf({ ...config, addresses: [], nat: { to: 'wg0' } })).toEqual(['nat.to'])
    expect(await pathsOf({ ...config, addresses: [], forward: 1 })).toEqual([
      'forward',
      'nat.networks',
    ])
  })

  it('finds everything at once', async () => {
    const config = {
      name: 'no name',
      adresses: [],
      privateKey: 'x',
      listenPort: 70_000,
      firewallMark: -1,
      addresses: ['10.0.0.1/24', '10.0.0.300', 'fd00::1/129'],
      dns: { servers: ['one'] },
      mtu: 0,
      table: 'no such table',
      hooks: { postUp: [7] },
      saveConfig: 'yes',
      peers: [
        { publicKey: alice, allowedIPs: ['10.0.0.2', '10.0.0.4'] },
        { publicKey: 'x' },
        { publicKey: bob, endpoint: 'nowhere' },
        { publicKey: carol, allowedIPs: ['10.0.0.2/32'] },
        { publicKey: bob, allowedIPs: ['10.0.0.4/32'] },
        { publicKey: bob, persistentKeepalive: 1.5 },
      ],
    }
    expect(await pathsOf(config)).toEqual([
      'name',
      'addresses[1]',
      'addresses[2]',
      'adresses',
      'privateKey',
      'listenPort',
      'firewallMark',
      'dns.servers[0]',
      'mtu',
      'hooks.postUp[0]',
      'saveConfig',
      'table',
      'peers[1].publicKey',
      'peers[2].endpoint',
      'peers[5].persistentKeepalive',
      'peers[3].allowedIPs[0]',
      'peers[4].allowedIPs[0]',
    ])
  })

  it('names the place in the message as in the path', async () => {
    const peers = [{ publicKey: alice }, { publicKey: bob, allowedIPs: ['10.0.0.2', 'x'] }]
    const [fault] = await configFaults({ name: 'wg0', peers })
    expect(fault).toMatchObject({ code: 'EINVAL', path: 'peers[1].allowedIPs[1]' })
    expect(fault?.message).toMatch(/^peers\[1\]\.allowedIPs\[1\]: /)
    const [range] = await configFaults({
      name: 'wg0',
      peers: [{ publicKey: alice }, { publicKey: bob, persistentKeepalive: 70_000 }],
    })
    expect(range).toBeInstanceOf(RangeError)
    expect(range).toMatchObject({ path: 'peers[1].persistentKeepalive' })
  })

  it("finds the device's own key among the peers", async () => {
    const own = publicKey(privateKey)
    const config = { name: 'wg0', privateKey, peers: [{ publicKey: alice }, { publicKey: own }] }
    expect(await pathsOf(config)).toEqual(['peers[1].publicKey'])
  })

  it.each([
    [undefined, ['config']],
    ['wg0', ['config']],
    [{}, ['name']],
    [{ name: 'wg0', addresses: '10.0.0.1' }, ['addresses']],
    [{ name: 'wg0', peers: {} }, ['peers']],
    [{ name: 'wg0', peers: [null] }, ['peers[0]']],
  ])('finds what is no config: %j', async (config, paths) => {
    expect(await pathsOf(config)).toEqual(paths)
  })
})
