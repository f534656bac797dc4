import { checkConfig, SecretKey } from '@wgctrl/types'
import { FakeDevice } from '@wgctrl/types/testing'
import { describe, expect, it } from 'vitest'
import {
  type ConfigFileError,
  formatConfig,
  formatInterfaceConfig,
  parseConfig,
  showConfig,
  stripConfig,
  toDeviceConfig,
  toInterfaceConfig,
  updateConfig,
} from './index.js'

const PEER = 'MzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzM='
const KEY = 'IiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiI='

/** As `awg showconf` of amneziawg-tools 3.1.20260812 printed a device of amneziawg-go; the keys are made up. */
const SHOWN = `[Interface]
ListenPort = 51820
PrivateKey = EBEREREREREREREREREREREREREREREREREREREREVE=
Jc = 4
Jmin = 40
Jmax = 70
S1 = 15
S2 = 16
S3 = 17
S4 = 18
H1 = 100-199
H2 = 200
H3 = 300-399
H4 = 400-4294967295
I1 = <b 0xdeadbeef><r 12><t>
I3 = <rc 5><rd 3>
HeaderProtectionKey = ${KEY}
ContentPaddingAddition = 1-40
RekeyAfterTime = 100-120
RekeyTimeout = 5
RejectAfterTime = 180
KeepaliveTimeout = 10-12
MaxHandshakeAttempts = 18
RandomTrailers = on
DisableCookies = on

[Peer]
PublicKey = ${PEER}
AllowedIPs = 10.0.0.2/32
PersistentKeepalive = 15-30
`

const read = (text: string) => parseConfig(text, { dialect: 'awg-quick' })

function deviceFrom(text: string) {
  const device = new FakeDevice('awg0')
  device.apply(checkConfig(toDeviceConfig(parseConfig(text, { dialect: 'awg' }))))
  return device.snapshot()
}

function problemsOf(body: () => unknown) {
  try {
    body()
  } catch (error) {
    return (error as ConfigFileError).problems.map(({ kind, line, text }) => [kind, line, text])
  }
  throw new Error('it passed')
}

describe('a file of AmneziaWG', () => {
  it('makes the device that awg(8) shows as that file', () => {
    const device = deviceFrom(SHOWN)
    expect(showConfig(device)).toBe(SHOWN)
    expect(device.amnezia?.headerProtectionKey?.toBase64()).toBe(KEY)
    expect(device.peers[0]).toMatchObject({ persistentKeepaliveRange: '15-30' })
  })

  it('is read as awg(8) reads it: keys in any case, tags with their spaces', () => {
    const text =
      '[Interface]\n jC=0 4 # x\nH1 = 5 - 9\nI1 =  <b 0x00> <r 5>  # y\nRandomTrailers = 2\n'
    expect(read(text).interface.amnezia).toEqual({
      jc: 4,
      h1: '5-9',
      i1: '<b 0x00> <r 5>',
      randomTrailers: true,
    })
  })

  it('sets what it has, and says so where it has nothing', () => {
    const file = read('[Interface]\nAddress = 10.0.0.1/24\nJc = 4\n')
    expect(toInterfaceConfig(file, 'awg0')).toMatchObject({ name: 'awg0', amnezia: { jc: 4 } })
    expect(toDeviceConfig(read('[Interface]\n')).amnezia).toEqual({})
    expect(toDeviceConfig(parseConfig('[Interface]\n'))).not.toHaveProperty('amnezia')
  })

  it('takes the last of several lines', () => {
    const peer = (lines: string) =>
      toDeviceConfig(read(`[Peer]\nPublicKey = ${PEER}\n${lines}`)).peers?.[0]
    expect(peer('PersistentKeepalive = 15-30\nPersistentKeepalive = 25\n')).toMatchObject({
      persistentKeepalive: 25,
    })
    const range = peer(
      'PersistentKeepalive = 25\nPersistentKeepalive = 15-30\nAdvancedSecurity = on\n',
    )
    expect(checkConfig({ peers: [range as object as { publicKey: string }] }).peers).toMatchObject([
      { persistentKeepalive: 15, persistentKeepaliveRange: '15-30' },
    ])
  })

  it.each([
    'Jc = x',
    'Jc = 65536',
    'Jc = 4-5',
    'H1 = 9-5',
    'H1 = 4294967296',
    'RandomTrailers = yes',
    'HeaderProtectionKey = x',
    'Jmin =',
  ])('is refused for %j', (line) => {
    const key = line.slice(0, line.indexOf(' '))
    expect(() => read(`[Interface]\n${line}\n`)).toThrow(key)
  })

  it('says nothing of a key that is none', () => {
    const text = '[Interface]\nHeaderProtectionKey = notakeybutsecret\n'
    expect(() => read(text)).toThrow(expect.not.stringContaining('notakeybut'))
  })

  it('keeps its keys when the others are stripped', () => {
    expect(stripConfig(read('[Interface]\nMTU = 1280\nJc = 4\n'))).toBe('[Interface]\nJc = 4\n')
  })

  it('is edited in place', () => {
    const file = read('[Interface]\nJc = 4 # junk\nI1 = <r 5>\nH1 = 5\n')
    const headerProtectionKey = SecretKey.from(KEY)
    file.interface.amnezia = { jc: 5, h1: '5', headerProtectionKey, disableCookies: false }
    expect(formatConfig(file)).toBe(
      `[Interface]\nJc = 5 # junk\nH1 = 5\nHeaderProtectionKey = ${KEY}\nDisableCookies = off\n`,
    )
    expect(JSON.stringify(file)).not.toContain(KEY)
    expect(() => {
      file.interface.amnezia = { jc: 70_000 }
    }).toThrow(expect.objectContaining({ code: 'EINVAL', path: 'Jc' }))
    file.addPeer({ publicKey: PEER, persistentKeepaliveRange: '15-30' })
    expect(file.peer(PEER)?.persistentKeepalive).toBe(15)
    expect(formatConfig(file)).toContain('PersistentKeepalive = 15-30\n')
  })

  it('is brought in line with a device, what is the same left alone', () => {
    const file = read('[Interface]\nJc = 4\nH2 = 2\nI1 = <r 5>\n')
    const device = new FakeDevice('awg0')
    const peers = [{ publicKey: PEER, persistentKeepaliveRange: '15-30' }]
    device.apply(checkConfig({ amnezia: { jc: 4, jmin: 40, h1: 1, h2: 2, h3: '7-9' }, peers }))
    updateConfig(file, device.snapshot())
    expect(formatConfig(file)).toBe(
      `[Interface]\nJc = 4\nH2 = 2\nJmin = 40\nH3 = 7-9\n\n[Peer]\nPublicKey = ${PEER}\nPersistentKeepalive = 15-30\n`,
    )
    device.apply(checkConfig({ peers: [{ publicKey: PEER, persistentKeepalive: 25 }] }))
    updateConfig(file, device.snapshot())
    expect(formatConfig(file)).toContain('PersistentKeepalive = 25\n')
  })

  it('is made of an interface, and back', () => {
    const config = {
      name: 'awg0',
      amnezia: { jc: 4, h1: '5-9', randomTrailers: true, i1: '<r 5>' },
      peers: [{ publicKey: PEER, persistentKeepaliveRange: '15-30' }],
    }
    const text = formatInterfaceConfig(config)
    const again = toInterfaceConfig(read(text), 'awg0')
    expect(again.amnezia).toEqual(config.amnezia)
    expect(again.peers).toMatchObject(config.peers)
    const wrong = { ...config, amnezia: { jmin: 2, jmax: 1 } }
    expect(() => formatInterfaceConfig(wrong)).toThrow('amnezia.jmin')
    expect(() => formatInterfaceConfig({ ...config, extra: { later: '1' } })).toThrow('extra')
  })
})

describe('a file of WireGuard', () => {
  it('has none of these keys', () => {
    const text = `[Interface]\nJc = 4\nI1 = <r 5>\n[Peer]\nPublicKey = ${PEER}\nAdvancedSecurity = on\n`
    const unknown = [
      ['unknown-key', 2, 'Jc'],
      ['unknown-key', 3, 'I1'],
      ['unknown-key', 6, 'AdvancedSecurity'],
    ]
    expect(problemsOf(() => toDeviceConfig(parseConfig(text)))).toEqual(unknown)
    const file = parseConfig(text)
    expect(file.interface.amnezia).toEqual({})
    expect(file.interface.get('jc')).toBe('4')
    file.interface.set('Jc', 'anything')
    expect(formatConfig(file)).toContain('Jc = anything\n')
    expect(() => {
      file.interface.amnezia = { jc: 4 }
    }).toThrow(expect.objectContaining({ code: 'EINVAL', path: 'amnezia' }))
  })

  it('has no range', () => {
    const text = `[Peer]\nPublicKey = ${PEER}\nPersistentKeepalive = 15-30\n`
    expect(problemsOf(() => parseConfig(text))).toEqual([['value', 3, '15-30']])
  })
})
