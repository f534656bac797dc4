import { describe, expect, it } from 'vitest'
import { parseRuleset } from './found-table.js'

const text = `table inet filter {
	set allowed {
		type ipv4_addr
		elements = { 10.0.0.1, 10.0.0.2 }
	}

	chain forward { # handle 2
		type filter hook forward priority filter - 5; policy drop;
		iifname { "wg0", "wg1",
			  "wg2" } accept comment "of { others"
		meta mark 0x00000007 ct mark 0x00000008 oifname "eth0" accept
	}

	chain plain {
	}
}
table ip nat {
	chain POSTROUTING {
		type nat hook postrouting priority srcnat;
		ip daddr 10.9.0.1 masquerade
	}
}
`

describe('parseRuleset', () => {
  it('reads chains and rules, and nothing of sets', () => {
    expect(parseRuleset(text)).toEqual([
      {
        family: 'inet',
        table: 'filter',
        chains: [
          {
            chain: 'forward',
            base: { hook: 'forward', policy: 'drop' },
            rules: [
              {
                comment: 'of { others',
                marks: [],
                destinations: [],
                links: ['wg0', 'wg1', 'wg2'],
              },
              { marks: [7], destinations: [], links: ['eth0'] },
            ],
          },
          { chain: 'plain', rules: [] },
        ],
      },
      {
        family: 'ip',
        table: 'nat',
        chains: [
          {
            chain: 'POSTROUTING',
            base: { hook: 'postrouting', policy: 'accept' },
            rules: [{ marks: [], destinations: ['10.9.0.1'], links: [] }],
          },
        ],
      },
    ])
  })

  it('reads nothing of nothing', () => {
    expect(parseRuleset('')).toEqual([])
  })
})
