import { describe, expect, it } from 'vitest'
import { stripConfig, toInterfaceConfig } from './interface-config.js'
import { formatConfig, parseConfig } from './parse.js'
import { key } from './testing/config-text.js'

const text = `[Interface]
ListenPort = 51820
Address = 10.8.0.1/24
# wgctrl: NAT = eth0, wwan+ # the ways out
#wgctrl:natnetworks=10.8.0.7/24
# wgctrl: NATSource = 203.0.113.5, 2001:DB8::5
# wgctrl: Forward = true
# wgctrl: BetweenClients = false
# wgctrl: anything else is a remark
## wgctrl: NAT = eth1

[Peer]
PublicKey = ${key(11)}
`

describe('a comment that is for wgctrl', () => {
  it('says what a config says of packets of others', () => {
    expect(toInterfaceConfig(parseConfig(text), 'wg0')).toMatchObject({
      nat: {
        to: ['eth0', 'wwan+'],
        networks: ['10.8.0.0/24'],
        source: ['203.0.113.5', '2001:db8::5'],
      },
      forward: true,
      betweenClients: false,
    })
    const any = parseConfig('[Interface]\n# wgctrl: NAT = *\n')
    expect(toInterfaceConfig(any, 'wg0').nat).toEqual({})
    const none = toInterfaceConfig(parseConfig('[Interface]\n# NAT = eth0\n'), 'wg0')
    expect(Object.keys(none)).not.toEqual(expect.arrayContaining(['nat']))
  })

  it('is edited in place, and stays a comment', () => {
    const file = parseConfig(text)
    expect(formatConfig(file)).toBe(text)
    file.interface.nat = { to: 'eth0', networks: ['10.8.0.0/24'] }
    file.interface.forward = undefined
    file.interface.betweenClients = true
    expect(formatConfig(file)).toBe(
      text
        .replace('eth0, wwan+ #', 'eth0 #')
        .replace('# wgctrl: NATSource = 203.0.113.5, 2001:DB8::5\n# wgctrl: Forward = true\n', '')
        .replace('BetweenClients = false', 'BetweenClients = true'),
    )
    const made = parseConfig('[Interface]\r\nMTU=1400\r\n')
    made.interface.nat = {}
    expect(formatConfig(made)).toBe('[Interface]\r\nMTU=1400\r\n# wgctrl: NAT=*\r\n')
    made.interface.nat = undefined
    expect(formatConfig(made)).toBe('[Interface]\r\nMTU=1400\r\n')
    expect(() => {
      made.interface.nat = { to: 'eth0\nPostUp = id' }
    }).toThrow(expect.objectContaining({ code: 'EINVAL' }))
  })

  it('is one to wg(8), whatever it says, and to a file for it', () => {
    const strange = '# wgctrl: NAT = a/b\n[Interface]\n# wgctrl: Nonsense = 1\nListenPort = 1\n'
    expect(formatConfig(parseConfig(strange, { dialect: 'wg' }))).toBe(strange)
    expect(parseConfig(strange, { dialect: 'wg' }).warnings).toEqual([])
    expect(stripConfig(parseConfig(text))).toBe(text.replace('Address = 10.8.0.1/24\n', ''))
  })

  it.each([
    ['value', '[Interface]\n# wgctrl: NAT = a/b\n', 2, 17, 'names of links'],
    ['value', '[Interface]\n# wgctrl: NATNetworks = +10.0.0.0/8\n', 2, 25, 'networks'],
    ['value', '[Interface]\n# wgctrl: NATSource = 10.0.0.0/8\n', 2, 23, 'an address'],
    ['value', '[Interface]\n# wgctrl: Forward = yes\n', 2, 21, 'true or false'],
    ['misplaced', '# wgctrl: NAT = eth0\n[Interface]\n', 1, 1, 'it in [Interface]'],
    ['misplaced', `[Peer]\nPublicKey = ${key(1)}\n# wgctrl: NAT = eth0\n`, 3, 1, 'in [Interface]'],
  ] as const)(
    'has a problem of kind %s where it cannot be read',
    (kind, wrong, line, column, expected) => {
      expect(() => parseConfig(wrong)).toThrow(
        expect.objectContaining({
          problems: [
            expect.objectContaining({
              kind,
              line,
              column,
              expected: expect.stringContaining(expected),
            }),
          ],
        }),
      )
    },
  )

  it('is refused with a key that nobody knows, and twice the last counts', () => {
    const unknown = parseConfig('[Interface]\n# wgctrl: Nat6 = eth0\n# wgctrl: MTU = 1400\n')
    expect(unknown.warnings.map(({ kind, line }) => [kind, line])).toEqual([
      ['unknown-key', 2],
      ['unknown-key', 3],
    ])
    expect(unknown.interface.mtu).toBeUndefined()
    expect(() => toInterfaceConfig(unknown, 'wg0')).toThrow('one of Forward, NAT')
    const twice = parseConfig('[Interface]\n# wgctrl: Forward = true\n# wgctrl: Forward = false\n')
    expect(twice.warnings.map(({ kind }) => kind)).toEqual(['repeated'])
    expect(twice.interface.forward).toBe(false)
  })
})
