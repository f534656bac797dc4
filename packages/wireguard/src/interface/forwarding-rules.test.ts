import { describe, expect, it } from 'vitest'
import {
  droppingChains,
  forwardingSettings,
  forwardingTable,
  forwardingTableChanges,
  foundForwarding,
  otherForwarders,
  planForwarding,
} from './forwarding-rules.js'
import { parseRuleset } from './found-table.js'
import { checkInterface, type InterfaceSettings } from './interface-config.js'
import { nftText } from './nft-text.js'

const plan = (settings: InterfaceSettings) =>
  planForwarding('wg0', checkInterface(settings, 'wg0'), settings)

/** What nft is told of the rules of a plan. */
const ruleTexts = (rules: ReturnType<typeof plan>): string[] =>
  Array.from(
    nftText(forwardingTableChanges(rules, [])).matchAll(/^add rule \S+ \S+ \S+ (.*) comment /gm),
    ([, text = '']) => text,
  )

const addresses = ['10.8.0.1/24', 'fd00:8::1/64']

describe('planForwarding', () => {
  it('asks for nothing unless it is told to', () => {
    expect(plan({ addresses })).toEqual({ name: 'wg0', rules: [], families: [] })
  })

  it('forwards the families of addresses, networks and allowed IPs', () => {
    const publicKey = 'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg='
    const peers = [{ publicKey, allowedIPs: [{ cidr: 'fd00::/8' }, '10.0.0.0/8'] }]
    expect(plan({ forward: true, addresses: ['10.8.0.1'] }).families).toEqual([4])
    expect(plan({ forward: true, peers }).families).toEqual([4, 6])
    expect(plan({ nat: { networks: ['fd00::/8'] } }).families).toEqual([6])
    expect(plan({ forward: true }).families).toEqual([])
  })

  it('has a rule for each network and link', () => {
    const nat = { to: ['eth0', 'wwan+'], source: '203.0.113.5' }
    const planned = plan({ addresses, nat, betweenClients: false })
    const texts = ruleTexts(planned)
    expect(planned.rules.map(({ text }, at) => [text, texts[at]])).toEqual([
      ['drop between clients', 'iifname "wg0" oifname "wg0" drop'],
      [
        'snat 10.8.0.0/24 to eth0 as 203.0.113.5',
        'ip saddr 10.8.0.0/24 oifname "eth0" snat ip to 203.0.113.5',
      ],
      [
        'snat 10.8.0.0/24 to wwan+ as 203.0.113.5',
        'ip saddr 10.8.0.0/24 oifname "wwan+" snat ip to 203.0.113.5',
      ],
      ['masquerade fd00:8::/64 to eth0', 'ip6 saddr fd00:8::/64 oifname "eth0" masquerade'],
      ['masquerade fd00:8::/64 to wwan+', 'ip6 saddr fd00:8::/64 oifname "wwan+" masquerade'],
    ])
    expect(ruleTexts(plan({ nat: { networks: ['0.0.0.0/0'] } }))).toEqual([
      'meta nfproto ipv4 oifname != { "lo", "wg0" } masquerade',
    ])
  })

  it('has texts that nft takes for a comment', () => {
    const long = 'fdff:ffff:ffff:ffff:ffff:ffff:ffff:ff00/120'
    const nat = { networks: [long], to: 'x'.repeat(15), source: long.slice(0, -4) }
    const [rule] = plan({ nat }).rules
    expect(rule?.text.length).toBeLessThanOrEqual(128)
  })
})

describe('forwardingSettings', () => {
  it.each<InterfaceSettings>([
    {},
    { forward: true },
    { betweenClients: false },
    { nat: {} },
    { nat: { to: ['eth0', 'wwan0'] }, betweenClients: false },
    { nat: { to: ['eth0'], networks: ['10.9.0.0/16'], source: ['203.0.113.5', '2001:db8::5'] } },
    { nat: { networks: ['10.8.0.0/24'] } },
    { nat: { to: ['eth0'] }, forward: false },
  ])('says of what %j makes what makes it again', (settings) => {
    const rulesOf = (config: InterfaceSettings) => plan({ ...config, addresses })
    const { rules, families } = rulesOf(settings)
    const found = { rules: rules.map(({ text }) => text), families }
    const said = forwardingSettings(found, addresses)
    expect(rulesOf(said)).toEqual({ name: 'wg0', rules, families })
  })
})

describe('forwardingTable', () => {
  it('has a name of its own for each interface', () => {
    const names = ['wg0', 'wg+1', 'wg=1', 'wg_1', 'wg.1', 'wg-1']
    expect(names.map((name) => forwardingTable(name).table)).toEqual([
      'wgctrl-wg0',
      'wgctrl-wg/2b1',
      'wgctrl-wg/3d1',
      'wgctrl-wg_1',
      'wgctrl-wg.1',
      'wgctrl-wg-1',
    ])
  })
})

describe('a table', () => {
  it('replaces the one that is there, and says what has to be known at its end', () => {
    const rules = plan({ addresses, nat: { to: 'eth0' } })
    expect(nftText(forwardingTableChanges(rules, [4])).split('\n')).toEqual([
      'add table inet wgctrl-wg0',
      'delete table inet wgctrl-wg0',
      'create table inet wgctrl-wg0',
      'add chain inet wgctrl-wg0 needs-ip',
      'add chain inet wgctrl-wg0 needs-ip6',
      'add chain inet wgctrl-wg0 switched-on-ip',
      'add chain inet wgctrl-wg0 forward { type filter hook forward priority 0; }',
      'add chain inet wgctrl-wg0 postrouting { type nat hook postrouting priority 100; }',
      'add rule inet wgctrl-wg0 postrouting ip saddr 10.8.0.0/24 oifname "eth0" masquerade comment "masquerade 10.8.0.0/24 to eth0"',
      'add rule inet wgctrl-wg0 postrouting ip6 saddr fd00:8::/64 oifname "eth0" masquerade comment "masquerade fd00:8::/64 to eth0"',
      '',
    ])
  })

  it('is read as nft shows it', () => {
    const text = `table inet wgctrl-wg0 {
	chain needs-ip {
	}

	chain needs-ip6 {
	}

	chain switched-on-ip6 {
	}

	chain forward {
		type filter hook forward priority filter; policy accept;
		iifname "wg0" oifname "wg0" drop comment "drop between clients"
	}
}
`
    expect(parseRuleset(text).map(foundForwarding)).toEqual([
      { rules: ['drop between clients'], families: [4, 6], switchedOn: [6] },
    ])
  })
})

const foreign = `table ip filter {
	chain FORWARD {
		type filter hook forward priority filter; policy drop;
		iifname "docker0" accept
	}
}
`
const ours = `table inet wgctrl-wg1 {
	chain needs-ip {
	}

	chain forward {
		type filter hook forward priority filter; policy accept;
	}
}
`

const forwarders = (text: string, name: string, family: 4 | 6) =>
  otherForwarders(parseRuleset(text), name, family)
const dropping = (text: string, rules: Parameters<typeof droppingChains>[1]) =>
  droppingChains(parseRuleset(text), rules)

describe('a ruleset', () => {
  it('tells who else needs a family', () => {
    const own = ours.replaceAll('wg1', 'wg0')
    expect(forwarders(own, 'wg0', 4)).toEqual({ table: undefined, foreign: false })
    expect(forwarders(own + ours, 'wg0', 4).table).toEqual({ family: 'inet', table: 'wgctrl-wg1' })
    expect(forwarders(own + ours, 'wg0', 6)).toEqual({ table: undefined, foreign: false })
    expect(forwarders(own + foreign, 'wg0', 4).foreign).toBe(true)
    expect(forwarders(own + foreign, 'wg0', 6).foreign).toBe(false)
    expect(forwarders(foreign.replace('ip', 'inet'), 'wg0', 6).foreign).toBe(true)
  })

  it('tells which chains drop what an interface forwards', () => {
    const wg0 = { name: 'wg0', families: [4] as const }
    expect(dropping(ours + foreign, wg0)).toEqual(['ip filter FORWARD'])
    expect(dropping(foreign.replace('docker0', 'wg0'), wg0)).toEqual([])
    expect(dropping(foreign.replace('drop', 'accept'), wg0)).toEqual([])
    expect(dropping(foreign, { ...wg0, families: [6] })).toEqual([])
  })
})
