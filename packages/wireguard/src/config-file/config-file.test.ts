import { inspect } from 'node:util'
import { generatePresharedKey, generatePrivateKey, publicKey, SecretKey } from '@wgctrl/types'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ConfigFile } from './config-file.js'
import { formatConfig, parseConfig } from './parse.js'
import { configText, key } from './testing/config-text.js'

const TEXT = `# my network
[Interface]
PrivateKey = ${key(1)} # keep me safe
Address = 10.0.0.1/24, fd00::1/64 # both
ListenPort=51820
PostUp = iptables -A x # in
PostUp = iptables -A y # out

# alice's phone
# Name = alice
[Peer]
PublicKey = ${key(11)}
AllowedIPs = 10.0.0.2/32 # v4
AllowedIPs = fd00::2/128 # v6

### begin bob ###
[Peer]
PublicKey = ${key(12)}
Endpoint = vpn.example.net:51820
### end bob ###
`

/** Changes TEXT and says which lines are gone and which are new. */
function change(
  edit: (file: ConfigFile) => void,
  text: string = TEXT,
): { gone: string[]; new: string[] } {
  const file = parseConfig(text)
  edit(file)
  const before = text.split('\n')
  const after = formatConfig(file).split('\n')
  return {
    gone: before.filter((line) => !after.includes(line)),
    new: after.filter((line) => !before.includes(line)),
  }
}

describe('the interface section', () => {
  it('replaces a value and leaves the rest of the line', () => {
    expect(change((file) => (file.interface.privateKey = key(2)))).toEqual({
      gone: [`PrivateKey = ${key(1)} # keep me safe`],
      new: [`PrivateKey = ${key(2)} # keep me safe`],
    })
    expect(change((file) => (file.interface.listenPort = 1))).toEqual({
      gone: ['ListenPort=51820'],
      new: ['ListenPort=1'],
    })
  })

  it('leaves a line that has the value already', () => {
    const nothing = { gone: [], new: [] }
    expect(change((file) => (file.interface.privateKey = SecretKey.from(key(1))))).toEqual(nothing)
    expect(
      change(({ interface: section }) => {
        const { addresses, postUp, dns } = section
        Object.assign(section, { addresses, postUp, dns })
      }),
    ).toEqual(nothing)
  })

  it('puts a new key behind the last one', () => {
    const file = parseConfig(TEXT)
    file.interface.firewallMark = 51820
    file.interface.mtu = 1420
    const lines = formatConfig(file).split('\n')
    expect(lines.slice(6, 10)).toEqual([
      'PostUp = iptables -A y # out',
      'FwMark = 0xca6c',
      'MTU = 1420',
      '',
    ])
  })

  it('removes keys', () => {
    const removed = change((file) => {
      file.interface.listenPort = undefined
      file.interface.postUp = undefined
      file.interface.mtu = undefined
    })
    expect(removed.new).toEqual([])
    expect(removed.gone).toHaveLength(3)
  })

  it('takes entries out of a list and adds to it', () => {
    expect(change((file) => (file.interface.addresses = ['10.0.0.1/24', '10.1.0.1/16']))).toEqual({
      gone: ['Address = 10.0.0.1/24, fd00::1/64 # both'],
      new: ['Address = 10.0.0.1/24, 10.1.0.1/16 # both'],
    })
  })

  it('writes a list anew when its order changes', () => {
    const file = parseConfig(TEXT)
    file.interface.addresses = ['fd00::1/64', '10.0.0.1/24']
    expect(file.interface.addresses).toEqual(['fd00::1/64', '10.0.0.1/24'])
    expect(file.interface.get('address')).toBe('fd00::1/64, 10.0.0.1/24')
  })

  it('keeps name servers and search domains apart', () => {
    const file = parseConfig('[Interface]\nDNS = corp.example, 1.1.1.1\n')
    file.interface.dns = { ...file.interface.dns, servers: ['9.9.9.9'] }
    expect(file.interface.dns).toEqual({ servers: ['9.9.9.9'], search: ['corp.example'] })
    file.interface.dns = undefined
    expect(formatConfig(file)).toBe('[Interface]\n')
  })

  it('changes one of several hooks', () => {
    expect(change((file) => (file.interface.postUp = ['iptables -A x # in', 'true']))).toEqual({
      gone: ['PostUp = iptables -A y # out'],
      new: ['PostUp = true'],
    })
    expect(change((file) => (file.interface.preDown = ['a; b', 'c # d']))).toEqual({
      gone: [],
      new: ['PreDown = a; b', 'PreDown = c # d'],
    })
  })

  it('gets and sets keys that nobody knows', () => {
    const file = parseConfig(TEXT)
    file.interface.set('Jc', '4')
    file.interface.set('H1', ['1', '2'])
    expect([file.interface.get('JC'), file.interface.getAll('h1')]).toEqual(['4', ['1', '2']])
    file.interface.delete('H1')
    expect(file.interface.keys().slice(-3)).toEqual(['PostUp', 'PostUp', 'Jc'])
    expect(file.warnings).toMatchObject([{ kind: 'unknown-key', line: 8 }])
  })

  it('is made at the top where there is none', () => {
    const file = parseConfig(`# top\n\n# mine\n[Peer]\nPublicKey=${key(1)}\n`)
    file.interface.listenPort = 1
    expect(formatConfig(file)).toBe(
      `# top\n\n[Interface]\nListenPort=1\n\n# mine\n[Peer]\nPublicKey=${key(1)}\n`,
    )
  })

  it('is made in an empty file', () => {
    const file = parseConfig('')
    file.interface.listenPort = 1
    file.addPeer({ publicKey: key(1) })
    expect(formatConfig(file)).toBe(
      `[Interface]\nListenPort = 1\n\n[Peer]\nPublicKey = ${key(1)}\n`,
    )
  })

  it('is made below what stands alone, without a final newline', () => {
    const file = parseConfig('# mine')
    file.interface.listenPort = 1
    expect(formatConfig(file)).toBe('# mine\n[Interface]\nListenPort = 1\n')
  })

  it('is respelled where wg-quick(8) would not find its keys', () => {
    const file = parseConfig('[ interface ] # x\nListenPort = 1\n')
    file.interface.mtu = 1420
    expect(formatConfig(file)).toBe('[Interface] # x\nListenPort = 1\nMTU = 1420\n')
  })

  it('changes what counts when the file has it several times', () => {
    const file = parseConfig(
      '[Interface]\nListenPort = 1\nListenPort = 2\n[Interface]\nMTU = 1400\n',
    )
    file.interface.listenPort = 3
    file.interface.firewallMark = 1
    expect(formatConfig(file)).toBe(
      '[Interface]\nListenPort = 3\n[Interface]\nMTU = 1400\nFwMark = 0x1\n',
    )
  })

  it('derives the public key', () => {
    const secret = generatePrivateKey()
    const file = parseConfig('')
    expect(file.interface.publicKey).toBeUndefined()
    file.interface.privateKey = secret
    expect(file.interface.publicKey).toBe(publicKey(secret))
  })

  it.each<[string, (file: ConfigFile) => void]>([
    ['a port', (file) => (file.interface.listenPort = 65536)],
    ['a fraction', (file) => (file.interface.listenPort = 1.5)],
    ['a mark', (file) => (file.interface.firewallMark = -1)],
    ['no number', (file) => (file.interface.mtu = Number.NaN)],
    ['an address', (file) => (file.interface.addresses = ['10.0.0.1/33'])],
    ['a table', (file) => (file.interface.table = 'a b')],
    ['a hook of two lines', (file) => (file.interface.postUp = ['a\nPrivateKey = x'])],
    ['an empty hook', (file) => (file.interface.postUp = [' '])],
    ['a comment in a domain', (file) => (file.interface.dns = { search: ['a#b'] })],
    ['a newline in an unknown key', (file) => file.interface.set('Jc', '4\n[Peer]')],
    ['a bad name', (file) => file.interface.set('J c', '4')],
    ['a header as a name', (file) => file.interface.set('[Peer]', '4')],
    ['a key of a peer', (file) => file.interface.set('PublicKey', key(1))],
    ['an endpoint', (file) => ((file.peers[0] as never as { endpoint: string }).endpoint = 'a:b')],
    ['a peer without key', (file) => file.peers[0]?.delete('PublicKey')],
    ['a name of two lines', (file) => file.addPeer({ publicKey: key(3), name: 'a\n[Peer]' })],
  ])('refuses %s and changes nothing', (_, edit) => {
    const file = parseConfig(TEXT)
    expect(() => edit(file)).toThrow(expect.objectContaining({ code: 'EINVAL' }))
    expect(formatConfig(file)).toBe(TEXT)
  })

  it('refuses the keys of wg-quick(8) in the dialect of wg(8)', () => {
    const file = parseConfig('[Interface]\n', { dialect: 'wg' })
    expect(file.dialect).toBe('wg')
    expect(() => (file.interface.mtu = 1420)).toThrow(/no key of \[interface\] in the wg dialect/)
  })

  it('never names a refused secret', () => {
    const file = parseConfig(TEXT)
    expect(() => (file.interface.privateKey = 'hunter2')).toThrow(/^privateKey: (?!.*hunter2)/)
    expect(() => file.interface.set('PrivateKey', 'hunter2')).toThrow(/^PrivateKey: (?!.*hunter2)/)
  })
})

describe('peers', () => {
  it('are found by their key, as the same object', () => {
    const file = parseConfig(TEXT)
    expect(file.peer(key(12))).toBe(file.peers[1])
    expect(file.peer(new Uint8Array(32).fill(12))).toBe(file.peers[1])
    expect(file.peer(key(99))).toBeUndefined()
    expect(() => file.peer('x')).toThrow(expect.objectContaining({ code: 'EINVAL' }))
  })

  it('change in place', () => {
    const edited = change((file) => {
      const [alice, bob] = file.peers
      if (alice) alice.persistentKeepalive = 25
      if (bob) bob.endpoint = { address: '2001:db8::1', port: 1, family: 6 }
      if (bob) bob.presharedKey = key(5)
    })
    expect(edited).toEqual({
      gone: ['Endpoint = vpn.example.net:51820'],
      new: ['PersistentKeepalive = 25', 'Endpoint = [2001:db8::1]:1', `PresharedKey = ${key(5)}`],
    })
  })

  it('lose and get allowed IPs without touching the lines of the others', () => {
    expect(
      change((file) => {
        const alice = file.peer(key(11))
        if (alice) alice.allowedIPs = ['10.0.0.2', 'fd00::2', '10.9.0.0/16']
      }),
    ).toEqual({
      gone: ['AllowedIPs = fd00::2/128 # v6'],
      new: ['AllowedIPs = fd00::2/128, 10.9.0.0/16 # v6'],
    })
    expect(
      change((file) => {
        const alice = file.peer(key(11))
        if (alice) alice.allowedIPs = ['fd00::2/128']
      }),
    ).toEqual({ gone: ['AllowedIPs = 10.0.0.2/32 # v4'], new: [] })
  })

  it('get plain networks in place of marked ones', () => {
    const file = parseConfig(
      `[Peer]\nPublicKey = ${key(1)}\nAllowedIPs = +10.0.0.1, -10.0.0.2, 10.0.0.3\n`,
    )
    const [peer] = file.peers
    expect(peer?.allowedIPs).toEqual(['10.0.0.1/32', '10.0.0.3/32'])
    if (peer) peer.allowedIPs = ['10.0.0.1', '10.0.0.3']
    expect(peer?.getAll('AllowedIPs')).toEqual(['10.0.0.1/32, 10.0.0.3/32'])
  })

  it('can get another key', () => {
    const file = parseConfig(TEXT)
    const peer = file.peer(key(11))
    if (peer) peer.publicKey = key(20)
    expect(file.peer(key(20))).toBe(peer)
    expect(file.peer(key(11))).toBeUndefined()
  })

  it('are added at the end, in the manner of the file', () => {
    const file = parseConfig(`[Interface]\r\n\tListenPort=1\r\n[Peer]\r\n\tPublicKey=${key(1)}`)
    const fields = { publicKey: key(2), name: 'eve', allowedIPs: ['10.0.0.3', 'fd00::3'] }
    const added = file.addPeer({ ...fields, endpoint: 'host:1', persistentKeepalive: 0 })
    expect(added.toJSON()).toEqual({
      ...fields,
      endpoint: 'host:1',
      persistentKeepalive: 0,
      allowedIPs: ['10.0.0.3/32', 'fd00::3/128'],
    })
    expect(formatConfig(file)).toBe(
      [
        '[Interface]',
        '\tListenPort=1',
        '[Peer]',
        `\tPublicKey=${key(1)}`,
        '',
        '[Peer]',
        '\t# Name = eve',
        `\tPublicKey=${key(2)}`,
        '\tAllowedIPs=10.0.0.3/32, fd00::3/128',
        '\tEndpoint=host:1',
        '\tPersistentKeepalive=0',
        '',
      ].join('\r\n'),
    )
  })

  it('are not added twice', () => {
    const file = parseConfig(TEXT)
    expect(() => file.addPeer({ publicKey: key(11) })).toThrow(/is in the file already/)
  })

  it('go with the comments that are theirs', () => {
    const file = parseConfig(TEXT)
    expect(file.removePeer(key(11))).toBe(true)
    expect(file.removePeer(key(11))).toBe(false)
    const [top] = TEXT.split("# alice's phone")
    expect(formatConfig(file)).toBe(top + TEXT.slice(TEXT.indexOf('### begin')))
  })

  it('go with the blank lines before them when they are the last', () => {
    const file = parseConfig(TEXT)
    file.removePeer(key(12))
    expect(formatConfig(file)).toBe(TEXT.slice(0, TEXT.indexOf('\n### begin')))
  })

  it('go from every section that names them', () => {
    const file = parseConfig(`${TEXT}[Peer]\nPublicKey = ${key(11)}\n`)
    expect(file.peers).toHaveLength(3)
    file.removePeer(key(11))
    expect(file.peers.map((peer) => peer.publicKey)).toEqual([key(12)])
  })

  it('leave no trace after being added and removed', () => {
    fc.assert(
      fc.property(configText, (text) => {
        fc.pre(text.endsWith('\n'))
        const file = parseConfig(text)
        const publicKey = key(99)
        file.addPeer({ publicKey, name: 'x', allowedIPs: ['10.0.0.9'], presharedKey: key(3) })
        const again = parseConfig(formatConfig(file))
        expect(again.peer(publicKey)?.toJSON()).toEqual(file.peer(publicKey)?.toJSON())
        file.removePeer(publicKey)
        expect(formatConfig(file)).toBe(text)
      }),
      { numRuns: 300 },
    )
  })

  it('keep their own lines when another one is edited', () => {
    fc.assert(
      fc.property(configText, fc.nat(), fc.boolean(), (text, pick, removes) => {
        const file = parseConfig(text)
        const others = new Map(file.peers.map((peer) => [peer.publicKey, JSON.stringify(peer)]))
        const [chosen] = file.peers.splice(pick % Math.max(1, file.peers.length), 1)
        if (!chosen) return
        others.delete(chosen.publicKey)
        if (removes) file.removePeer(chosen.publicKey)
        else Object.assign(chosen, { allowedIPs: ['192.0.2.0/24'], name: 'z', endpoint: undefined })
        const again = parseConfig(formatConfig(file))
        for (const peer of again.peers) {
          const expected = others.get(peer.publicKey)
          const isOnly = again.peers.filter((one) => one.publicKey === peer.publicKey).length === 1
          if (expected && isOnly) expect(JSON.stringify(peer)).toBe(expected)
        }
        expect(again.interface.toJSON()).toEqual(file.interface.toJSON())
      }),
      { numRuns: 300 },
    )
  })

  it('are added and removed by the ten thousand', () => {
    const file = parseConfig('')
    const keys = Array.from({ length: 10_000 }, () => generatePresharedKey().toBase64())
    for (const publicKey of keys) file.addPeer({ publicKey, allowedIPs: ['10.0.0.1'] })
    expect(keys.every((publicKey) => file.peer(publicKey)?.publicKey === publicKey)).toBe(true)
    for (const publicKey of keys.slice(1)) file.removePeer(publicKey)
    expect(file.peers).toHaveLength(1)
  })
})

describe('a secret', () => {
  it('is in no rendering of a file but its text', () => {
    const file = parseConfig(`${TEXT}[Peer]\nPublicKey = ${key(13)}\nPresharedKey = ${key(5)}\n`)
    const things = [file, file.interface, ...file.peers, file.warnings]
    for (const thing of things) {
      const shown = [
        inspect(thing, { depth: 9, showHidden: true }),
        JSON.stringify(thing),
        `${thing}`,
      ]
      for (const text of shown) {
        expect(text).not.toContain(key(1))
        expect(text).not.toContain(key(5))
      }
    }
    expect(JSON.parse(JSON.stringify(file))).toMatchObject({
      interface: { privateKey: '(hidden)', listenPort: 51820 },
      peers: [{ name: 'alice' }, { name: 'bob' }, { presharedKey: '(hidden)' }],
    })
    expect(`${file}`).toBe('[ConfigFile: 3 peers]')
    expect(formatConfig(file)).toContain(key(5))
  })
})
