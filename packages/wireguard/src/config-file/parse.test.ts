import { inspect } from 'node:util'
import { generatePrivateKey, InvalidTypeError, publicKey, WireGuardError } from '@wgctrl/types'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatConfig, type ParseOptions, parseConfig } from './parse.js'
import { ConfigFileError, type ConfigProblem } from './problem.js'
import { configText, key } from './testing/config-text.js'

function problemsOf(text: string, options?: ParseOptions): readonly ConfigProblem[] {
  try {
    parseConfig(text, options)
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigFileError)
    expect(error).toBeInstanceOf(WireGuardError)
    return (error as ConfigFileError).problems
  }
  return []
}

const peer = `[Peer]\nPublicKey = ${key(9)}\n`

describe('formatConfig(parseConfig(text))', () => {
  it('is the text, for 1,000 generated files', () => {
    fc.assert(
      fc.property(configText, (text) => {
        expect(formatConfig(parseConfig(text))).toBe(text)
      }),
      { numRuns: 1000 },
    )
  })

  it('is the text or an error with places in it, for any text', () => {
    const bits = fc.constantFrom(
      '[Interface]',
      '[Peer]',
      '=',
      '\n',
      '\r',
      '#',
      ' ',
      'ListenPort',
      '5',
      '\0',
    )
    const anything = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(bits).map((all) => all.join('')),
    )
    fc.assert(
      fc.property(anything, (text) => {
        const lines = text.split('\n')
        try {
          expect(formatConfig(parseConfig(text))).toBe(text)
        } catch (error) {
          if (!(error instanceof ConfigFileError)) throw error
          for (const { line, column } of error.problems) {
            expect(line).toBeLessThanOrEqual(lines.length)
            expect(column).toBeLessThanOrEqual((lines[line - 1]?.length ?? 0) + 1)
          }
        }
      }),
      { numRuns: 2000 },
    )
  })

  it.each([
    ['nothing', ''],
    ['a file without a final newline', '[Interface]\nListenPort = 1'],
    ['CRLF', '[Interface]\r\nListenPort = 1\r\n\r\n'],
    ['a byte order mark', '\uFEFF[Interface]\n'],
    ['tabs', '\t[Interface]\t\n\tListenPort\t=\t1\t# x\n'],
    ['unknown keys and sections', '[Interface]\nJc = 4\n[Foo]\nbar\n<baz>\n'],
    ['comments alone', '# a\n#b\n\n\n'],
  ])('keeps %s', (_, text) => {
    expect(formatConfig(parseConfig(text))).toBe(text)
  })
})

describe('parseConfig reads as wg(8) does:', () => {
  const read = (text: string) => parseConfig(text, { dialect: 'wg' })

  it('keys and sections in any case, with whitespace anywhere', () => {
    const file = read(`[ INTER face ]\nLi sten\tPort = 5 18\v2 0\n[pEEr]#x\npublickey=${key(9)}\n`)
    expect(file.interface.listenPort).toBe(51820)
    expect(file.peers.map(({ publicKey }) => publicKey)).toEqual([key(9)])
  })

  it('no whitespace but that of ASCII', () => {
    expect(problemsOf('[Interface]\nListenPort = 5\u00a01\n')).toMatchObject([{ kind: 'value' }])
    expect(problemsOf('[Interface]\u00a0\n')).toMatchObject([{ kind: 'syntax' }])
  })

  it('letters of ASCII alone without regard to case', () => {
    const text = `[Peer]\nPublic\u212aey = ${key(9)}\n`
    expect(problemsOf(text).map(({ kind }) => kind)).toEqual(['missing', 'syntax'])
  })

  it('a comment from # to the end of the line, wherever it begins', () => {
    const file = read(
      `#x\n[Interface] # y\nListenPort = 1#2\n${peer}AllowedIPs = 10.0.0.1#, 10.0.0.2\n`,
    )
    expect(file.interface.listenPort).toBe(1)
    expect(file.peers[0]?.allowedIPs).toEqual(['10.0.0.1/32'])
  })

  it('several lines and several values of a list', () => {
    const file = read(`${peer}AllowedIPs = 10.0.0.1, 10.0.0.2/31\nallowedips=fd00::/64\n`)
    expect(file.peers[0]?.allowedIPs).toEqual(['10.0.0.1/32', '10.0.0.2/31', 'fd00::/64'])
  })

  it('the last of several values that come once', () => {
    const file = read(
      '[Interface]\nListenPort = 1\n[Peer]\nPublicKey = '.concat(
        `${key(8)}\nPublicKey = ${key(9)}\n[Interface]\nListenPort = 2\n`,
      ),
    )
    expect(file.interface.listenPort).toBe(2)
    expect(file.peers[0]?.publicKey).toBe(key(9))
    expect(file.warnings).toMatchObject([{ kind: 'repeated', line: 5, key: 'PublicKey' }])
  })

  it('a bad value although a good one follows', () => {
    expect(problemsOf('[Interface]\nListenPort = x\nListenPort = 1\n')).toHaveLength(1)
  })
})

describe('parseConfig reads as wg-quick(8) does:', () => {
  const read = (lines: string) => parseConfig(`[Interface]\n${lines}\n`).interface

  it('addresses between commas and spaces', () => {
    const { addresses } = read('Address = 10.0.0.1/24,fd00::1/64  10.1.0.1\naddress = 10.2.0.1/8')
    expect(addresses).toEqual(['10.0.0.1/24', 'fd00::1/64', '10.1.0.1/32', '10.2.0.1/8'])
  })

  it('name servers and search domains', () => {
    const { dns } = read('DNS = corp.example, 1.1.1.1 2606::1\nDNS = a.b')
    expect(dns).toEqual({ servers: ['1.1.1.1', '2606::1'], search: ['corp.example', 'a.b'] })
  })

  it('hooks to the end of the line, comments too', () => {
    const file = read('PostUp = iptables -A x # y = z \r\npostup=a=b\nPreDown=\n#PostDown = no')
    expect(file.postUp).toEqual(['iptables -A x # y = z', 'a=b'])
    expect(file.preDown).toEqual([])
    expect(file.postDown).toEqual([])
  })

  it('MTU, Table and SaveConfig, the last of several', () => {
    const file = read('MTU = 1280\nMTU = 1420\nTable = 0x10\nSaveConfig = TRUE')
    expect([file.mtu, file.table, file.saveConfig]).toEqual([1420, 16, true])
  })

  it('a key without value as none', () => {
    const file = read('Address =\nDNS =\nMTU =\nTable = # x\nPreUp =')
    expect(file.toJSON()).toStrictEqual({
      addresses: [],
      dns: { servers: [], search: [] },
      preUp: [],
      postUp: [],
      preDown: [],
      postDown: [],
    })
  })

  it('its own keys only when they are spelled in one piece', () => {
    expect(problemsOf('[Interface]\nAd dress = 10.0.0.1\n')).toMatchObject([{ kind: 'syntax' }])
  })

  it('its own keys only below [Interface] spelled in one piece', () => {
    expect(problemsOf('[ Interface]\nMTU = 1420\nListenPort = 1\n')).toMatchObject([
      { kind: 'misplaced', line: 2, key: 'MTU' },
    ])
  })
})

describe('parseConfig refuses', () => {
  it.each<[string, string, Partial<ConfigProblem>]>([
    ['a key before any section', 'ListenPort = 1', { kind: 'misplaced', line: 1, column: 1 }],
    ['a key of a peer', '[Interface]\n PublicKey = x', { kind: 'misplaced', line: 2, column: 2 }],
    ['a key of the interface', `${peer}Address = 10.0.0.1`, { kind: 'misplaced', key: 'Address' }],
    ['a peer without key', '[Interface]\n\n[Peer]\n', { kind: 'missing', line: 3, column: 1 }],
    ['a word', '[Interface]\n\tword\n', { kind: 'syntax', line: 2, column: 2, text: 'word' }],
    ['a colon', '[Interface]\nPrivateKey: abc', { kind: 'syntax', text: 'PrivateKey' }],
    ['an equals sign', '[Interface]\n= x', { kind: 'syntax', text: '=' }],
    ['a header that does not close', '[Interface\n', { kind: 'syntax', text: '[Interface' }],
    ['a header with more behind it', '[Interface] x\n', { kind: 'syntax', column: 1 }],
    ['a key with a space in it', '[Interface]\nfoo bar = 1', { kind: 'syntax', text: 'foo bar' }],
    ['a NUL', '[Interface]\nListenPort = 1\0', { kind: 'syntax', line: 2 }],
    ['a port', '[Interface]\nListenPort = 70000', { kind: 'value', column: 14, text: '70000' }],
    ['no port', '[Interface]\nListenPort =', { kind: 'value', column: 13, text: '' }],
    ['a mark', '[Interface]\nFwMark =\t0X1 # c', { kind: 'value', column: 10, text: '0X1' }],
    ['an endpoint', `${peer}Endpoint = ::1`, { kind: 'value', line: 3, key: 'Endpoint' }],
    ['a keepalive', `${peer}PersistentKeepalive=on`, { kind: 'value', column: 21 }],
    ['a public key', '[Peer]\nPublicKey = abc', { kind: 'value', text: 'abc' }],
    ['one of several networks', `${peer}AllowedIPs = 10.0.0.1, 10.0`, { column: 24, text: '10.0' }],
    ['an empty network', `${peer}AllowedIPs = 10.0.0.1,`, { kind: 'value', column: 23, text: '' }],
    [
      'an address',
      '[Interface]\nAddress = 10.0.0.1 x/1',
      { kind: 'value', column: 20, text: 'x/1' },
    ],
    ['an MTU', '[Interface]\nMTU = big', { kind: 'value', expected: 'a number of bytes' }],
    ['SaveConfig', '[Interface]\nSaveConfig = yes', { kind: 'value', expected: 'true or false' }],
    ['no SaveConfig', '[Interface]\nSaveConfig =', { kind: 'value' }],
  ])('%s', (_, text, expected) => {
    expect(problemsOf(text)).toContainEqual(expect.objectContaining(expected))
  })

  it('everything that is wrong at once, in the order of the file', () => {
    const text = `MTU = 1\n[Interface]\nListenPort = x\n[Peer]\nAllowedIPs = a, 10.0.0.1, b\nfoo\n`
    const places = problemsOf(text).map(({ line, column, kind }) => [line, column, kind])
    expect(places).toEqual([
      [1, 1, 'misplaced'],
      [3, 14, 'value'],
      [4, 1, 'missing'],
      [5, 14, 'value'],
      [5, 27, 'value'],
      [6, 1, 'syntax'],
    ])
  })

  it("wg-quick(8)'s keys in the dialect of wg(8)", () => {
    const text = '[Interface]\nAddress = 10.0.0.1\nPostUp = x # y\n'
    expect(problemsOf(text)).toEqual([])
    expect(problemsOf(text, { dialect: 'wg' })).toMatchObject([
      { kind: 'misplaced', line: 2, key: 'Address' },
      { kind: 'misplaced', line: 3, key: 'PostUp' },
    ])
  })

  it('unknown keys and a byte order mark when told to', () => {
    const text = '\uFEFF[Interface]\nJc = 4\n[Foo]\nbar = 1\n'
    expect(problemsOf(text)).toEqual([])
    expect(problemsOf(text, { unknownKeys: 'refuse' }).map(({ kind }) => kind)).toEqual([
      'byte-order-mark',
      'unknown-key',
      'unknown-section',
    ])
    expect(parseConfig(text).warnings.map(({ line }) => line)).toEqual([1, 2, 3])
  })

  it('mistakes of type', () => {
    expect(() => parseConfig(Buffer.from('') as never)).toThrow(InvalidTypeError)
    expect(() => parseConfig('', { dialect: 'ini' as never })).toThrow(/options\.dialect/)
    expect(() => parseConfig('', { unknownKeys: true as never })).toThrow(/options\.unknownKeys/)
    expect(() => formatConfig({} as never)).toThrow(InvalidTypeError)
  })
})

describe('ConfigFileError', () => {
  it('says it in one line when there is one problem', () => {
    expect(() => parseConfig('[Interface]\nListenPort = 70000')).toThrow(
      /^line 2, column 14: ListenPort "70000": expected a port, 0 to 65535$/,
    )
  })

  it('has code, line and a line for each of several problems', () => {
    try {
      parseConfig('[Interface]\nListenPort = x\nfoo')
      expect.unreachable()
    } catch (error) {
      expect(error).toMatchObject({ name: 'ConfigFileError', code: 'EINVAL', line: 2 })
      const [first, ...rest] = (error as Error).message.split('\n')
      expect(first).toBe('2 problems in the config:')
      expect(rest).toEqual((error as ConfigFileError).problems.map(({ message }) => `  ${message}`))
    }
  })

  it('never shows a secret, wherever it stands', () => {
    const secret = generatePrivateKey().toBase64()
    const misplaced = [
      `[Interface]\nPrivateKey = ${secret}=`,
      `[Interface]\nPrivateKey = ${secret.slice(2)}`,
      '[Interface]\nPrivateKey = hunter2',
      `[Interface]\nPrivateKye = ${secret}`,
      `[Interface]\nPrivateKey: ${secret}`,
      `[Interface]\nPrivateKey ${secret}`,
      `[Interface]\n${secret}`,
      `[Interface]\n${secret.replace('=', '')}x = 1`,
      `[Interface]\n[${secret.replace('=', '')}]`,
      `[Interface]\nListenPort = ${secret}`,
      `[Interface]\nAddress = ${secret}`,
      `PrivateKey = ${secret}`,
      `${peer}PrivateKey = ${secret}`,
      `${peer}PresharedKey = ${secret}x`,
      `${peer}Endpoint = ${secret}`,
      `${peer}AllowedIPs = ${secret}`,
    ]
    for (const text of misplaced) {
      const shown = inspect(problemsOf(text, { unknownKeys: 'refuse' }), { depth: 9 })
      expect(shown, text).toContain('kind')
      expect(shown, text).not.toContain(secret.slice(4, 24))
      expect(shown, text).not.toContain('hunter2')
    }
  })
})

describe('warnings', () => {
  const warningsOf = (text: string) => parseConfig(text).warnings

  it('name a network with bits of a host', () => {
    expect(warningsOf(`${peer}AllowedIPs = 10.0.0.7/24\n`)).toMatchObject([
      { kind: 'host-bits', line: 3, column: 14, text: '10.0.0.7/24', expected: '10.0.0.0/24' },
    ])
  })

  it('name a network on two peers, a peer in two sections and the own key', () => {
    const secret = generatePrivateKey()
    const text = [
      '[Peer]',
      `PublicKey = ${key(9)}`,
      'AllowedIPs = 10.0.0.1',
      '[Peer]',
      `PublicKey = ${key(8)}`,
      'AllowedIPs = 10.0.0.2, +10.0.0.1/32, -10.0.0.1',
      '[Peer]',
      `PublicKey = ${key(9)}`,
      '[Peer]',
      `PublicKey = ${publicKey(secret)}`,
      '[Interface]',
      `PrivateKey = ${secret.toBase64()}`,
    ].join('\n')
    expect(warningsOf(text)).toMatchObject([
      { kind: 'conflict', line: 6, column: 24, text: '+10.0.0.1/32' },
      { kind: 'conflict', line: 8, column: 13, text: key(9) },
      { kind: 'conflict', line: 10, column: 13, expected: expect.stringContaining('interface') },
    ])
  })

  it('are none for lists and hooks of several lines', () => {
    const quick = '[Interface]\nAddress = 10.0.0.1\nAddress = 10.0.0.2\nPostUp = a\nPostUp = a\n'
    expect(warningsOf(`${quick}${peer}AllowedIPs = 10.0.0.1\nAllowedIPs = 10.0.0.1\n`)).toEqual([])
  })
})
