import { SecretKey, toCounter, WireGuardError } from '@wgctrl/types'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { replyVectors } from './replies.fixture.js'
import type { WirePeer } from './reply.js'
import { ReplyParser } from './reply-parser.js'
import { LONGEST_LINE } from './whole-lines.js'

const KEY = 'ab'.repeat(32)
const ZERO = '0'.repeat(64)
const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1')

interface Outcome {
  readonly peers: WirePeer[]
  readonly parser: ReplyParser
}

function parse(chunks: Iterable<Uint8Array>): Outcome {
  const parser = new ReplyParser()
  const peers: WirePeer[] = []
  for (const chunk of chunks) peers.push(...parser.push(chunk))
  parser.end()
  return { peers, parser }
}

const parseText = (...texts: string[]): Outcome => parse(texts.map(bytes))

/** A record with its secrets as bytes: two secrets look alike to `toEqual`. How it was read is no part of it. */
const plain = ({ areCanonical, ...record }: object & { areCanonical?: unknown }): object =>
  Object.fromEntries(
    Object.entries(record).map(([field, value]) => [
      field,
      value instanceof SecretKey ? value.toBytes() : value,
    ]),
  )

function problem(action: () => unknown): WireGuardError {
  try {
    action()
  } catch (error) {
    if (error instanceof WireGuardError) return error
    throw error
  }
  throw new Error('it passed')
}

function* oneByOne(text: string): Generator<Uint8Array> {
  for (const byte of bytes(text)) yield Uint8Array.of(byte)
}

function* splitAt(text: string, cuts: readonly number[]): Generator<Uint8Array> {
  const all = bytes(text)
  let from = 0
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    yield all.subarray(from, cut)
    from = cut
  }
  yield all.subarray(from)
}

describe.each(replyVectors)('$name', (vector) => {
  const { text } = vector
  const check = ({ peers, parser }: Outcome): void => {
    expect(plain(parser.device)).toEqual(vector.device)
    expect(peers.map(plain)).toEqual(vector.peers)
    expect(parser.errno).toBe(vector.errno)
    expect(Object.fromEntries(parser.unknown)).toEqual(vector.unknown ?? {})
    expect(parser.isComplete).toBe(true)
  }

  it('whole', () => check(parseText(text)))

  it('byte by byte', () => check(parse(oneByOne(text))))

  it('at random splits', () => {
    const cuts = fc.array(fc.nat(text.length), { maxLength: 12 })
    fc.assert(fc.property(cuts, (at) => check(parse(splitAt(text, at)))))
  })

  it('with anything behind it, in one chunk or in the next', () => {
    for (const more of ['x', '\n\n', 'errno=1\n\n', `public_key=${KEY}\n`, 'x'.repeat(10_000)]) {
      check(parseText(text + more))
      check(parseText(text, more))
      check(parse(oneByOne(text + more)))
    }
  })

  it('cut off anywhere: EPROTO with a line', () => {
    for (let length = 0; length < text.length; length++) {
      const error = problem(() => parseText(text.slice(0, length)))
      expect(error).toMatchObject({ code: 'EPROTO', line: expect.any(Number) })
    }
  })

  it('keeps nothing of the chunks', () => {
    const chunks = Array.from(splitAt(text, [text.length >> 2, text.length >> 1]), (chunk) =>
      Uint8Array.from(chunk),
    )
    const parser = new ReplyParser()
    const peers = chunks.flatMap((chunk) => {
      const found = parser.push(chunk)
      chunk.fill(120)
      return found
    })
    check({ peers, parser })
  })
})

it('reads the lines of each peer in any order', () => {
  const lines = [
    'protocol_version=1\n',
    'endpoint=127.0.0.1:1\n',
    'persistent_keepalive_interval=5\n',
    'tx_bytes=3\n',
    'allowed_ip=10.0.0.0/8\n',
    'later=1\n',
  ]
  const some = fc.shuffledSubarray(lines)
  fc.assert(
    fc.property(fc.array(some, { minLength: 2, maxLength: 5 }), (orders) => {
      const peers = orders.map((order) => `public_key=${KEY}\n${order.join('')}`).join('')
      const { peers: found, parser } = parseText(`${peers}errno=0\n\n`)
      const has = (order: string[], at: number) => order.includes(lines[at] as string)
      const wanted = orders.map((order) => ({
        ...(has(order, 1) && { endpoint: '127.0.0.1:1' }),
        persistentKeepaliveInterval: has(order, 2) ? 5 : 0,
        txBytes: has(order, 3) ? 3 : 0,
        allowedIps: has(order, 4) ? ['10.0.0.0/8'] : [],
      }))
      expect(found).toMatchObject(wanted)
      const later = orders.filter((order) => has(order, 5)).length
      expect(parser.unknown.get('later') ?? 0).toBe(later)
    }),
  )
})

describe('what is no reply', () => {
  it.each([
    ['no errno', '\n', 1],
    ['no errno behind fields', 'listen_port=1\n\n', 2],
    ['a line behind errno', 'errno=0\nlisten_port=1\n\n', 2],
    ['errno twice', 'errno=0\nerrno=0\n\n', 2],
    ['no equals sign', 'listen_port\nerrno=0\n\n', 1],
    ['CR LF', 'errno=0\r\n\r\n', 1],
    ['a peer without a key', 'endpoint=127.0.0.1:1\nerrno=0\n\n', 1],
    ['a short key', `public_key=${KEY.slice(1)}\nerrno=0\n\n`, 1],
    ['a long key', `public_key=${KEY}0\nerrno=0\n\n`, 1],
    ['a key of other letters', `private_key=${'g'.repeat(64)}\nerrno=0\n\n`, 1],
    ['an empty key', 'private_key=\nerrno=0\n\n', 1],
    ['a line end within a key', `public_key=ab\nx=${'0'.repeat(59)}\nerrno=0\n\n`, 1],
  ])('%s', (_, text, line) => {
    expect(problem(() => parseText(text))).toMatchObject({ code: 'EPROTO', line })
    expect(problem(() => parse(oneByOne(text)))).toMatchObject({ code: 'EPROTO', line })
  })

  it('an endless line, as soon as it is too long', () => {
    for (const size of [1, 100, LONGEST_LINE, LONGEST_LINE + 904]) {
      const parser = new ReplyParser()
      parser.push(bytes('listen_port=1\n'))
      const chunk = bytes('x'.repeat(size))
      let sent = 0
      const error = problem(() => {
        for (; sent < 2 * LONGEST_LINE; sent += size) parser.push(chunk)
      })
      expect(error).toMatchObject({ code: 'EPROTO', line: 2 })
      expect(sent).toBeLessThanOrEqual(LONGEST_LINE)
    }
  })

  it.each([
    [LONGEST_LINE, true],
    [LONGEST_LINE + 1, false],
  ])('a line of %i bytes passes: %s', (length, passes) => {
    const text = `${'x'.repeat(length - 1)}=\nerrno=0\n\n`
    for (const chunks of [[bytes(text)], [...oneByOne(text)]]) {
      if (passes) expect(parse(chunks).parser.unknown.size).toBe(1)
      else expect(problem(() => parse(chunks))).toMatchObject({ code: 'EPROTO', line: 1 })
    }
  })

  it('says nothing of what it read', () => {
    const secret = `${'ab'.repeat(31)}xy`
    const error = problem(() => parseText(`private_key=${secret}\nerrno=0\n\n`))
    expect(JSON.stringify(error) + error.stack).not.toContain('abab')
  })
})

describe('numbers', () => {
  const field = (line: string): Outcome => {
    const isDevice = /^(listen_port|fwmark|errno)=/.test(line)
    const before = isDevice ? '' : `public_key=${KEY}\n`
    return parseText(`${before}${line}\n${line.startsWith('errno') ? '' : 'errno=0\n'}\n`)
  }

  it.each([
    ['listen_port', 65535],
    ['fwmark', 2 ** 32 - 1],
    ['persistent_keepalive_interval', 65535],
    ['last_handshake_time_sec', 8.64e12],
    ['last_handshake_time_nsec', 999_999_999],
    ['protocol_version', 2 ** 32 - 1],
  ])('%s is from 0 to %i', (key, max) => {
    for (const value of ['0', '00', '1', `${max}`]) field(`${key}=${value}`)
    for (const value of [`${max + 1}`, '-1', '-0', '', ' 1', '1 ', '+1', '1.0', '0x1', '1e1']) {
      expect(problem(() => field(`${key}=${value}`)).code, value).toBe('EPROTO')
    }
    expect(problem(() => field(`${key}=${'9'.repeat(400)}`)).code).toBe('EPROTO')
  })

  it.each(['rx_bytes', 'tx_bytes'])('%s has 64 bits', (key) => {
    const value = (text: string): number | bigint | undefined => {
      const [peer] = field(`${key}=${text}`).peers
      return key === 'rx_bytes' ? peer?.rxBytes : peer?.txBytes
    }
    for (const exact of [0n, 1n, 2n ** 53n + 1n, 10n ** 15n - 1n, 10n ** 15n, 2n ** 64n - 1n]) {
      expect(value(`${exact}`)).toBe(toCounter(exact))
    }
    fc.assert(fc.property(fc.bigInt(0n, 2n ** 64n - 1n), (n) => value(`${n}`) === toCounter(n)))
    for (const bad of [`${2n ** 64n}`, '-1', '', '99999999999999999999', '1'.repeat(21), '1x']) {
      expect(problem(() => value(bad)).code, bad).toBe('EPROTO')
    }
  })

  it('errno has either sign', () => {
    expect(field('errno=-98').parser.errno).toBe(-98)
    expect(field('errno=98').parser.errno).toBe(98)
    expect(field('errno=-0').parser.errno).toBe(0)
    for (const bad of ['', '-', '--1', '+1', 'EINVAL', '2147483648']) {
      expect(problem(() => field(`errno=${bad}`)).code, bad).toBe('EPROTO')
    }
  })
})

describe('secrets', () => {
  it('of zeros are none', () => {
    const { parser, peers } = parseText(
      `private_key=${ZERO}\npublic_key=${KEY}\npreshared_key=${ZERO}\nerrno=0\n\n`,
    )
    expect(parser.device.privateKey).toBeUndefined()
    expect(peers[0]?.presharedKey).toBeUndefined()
  })

  it('are read in either case', () => {
    const { parser } = parseText(`private_key=${KEY.toUpperCase()}\nerrno=0\n\n`)
    expect(parser.device.privateKey?.toBytes()).toEqual(new Uint8Array(32).fill(0xab))
  })

  it('that come twice leave no copy', () => {
    const parser = new ReplyParser()
    parser.push(bytes(`private_key=${KEY}\n`))
    const first = parser.device.privateKey
    parser.push(bytes(`private_key=${'cd'.repeat(32)}\n`))
    expect(() => first?.toBytes()).toThrow('wiped')
    expect(parser.device.privateKey?.toBytes()).toEqual(new Uint8Array(32).fill(0xcd))
    parser.push(bytes(`private_key=${ZERO}\n`))
    expect(parser.device.privateKey).toBeUndefined()
  })

  it('that nobody took are wiped; those that were returned are the caller’s', () => {
    const parser = new ReplyParser()
    const peerText = `public_key=${KEY}\npreshared_key=${KEY}\n`
    const [taken] = parser.push(bytes(`private_key=${KEY}\n${peerText}${peerText}`))
    const { privateKey } = parser.device
    parser.wipe()
    expect(() => privateKey?.toBytes()).toThrow('wiped')
    expect(taken?.presharedKey?.toBytes()).toEqual(new Uint8Array(32).fill(0xab))
  })
})

it('counts unknown keys, and not without end', () => {
  const lines = Array.from({ length: 1000 }, (_, n) => `key${n}=1\nkey0=2\n`)
  const { unknown } = parseText(`${lines.join('')}${'k'.repeat(3000)}=\nerrno=0\n\n`).parser
  expect(unknown.size).toBe(64)
  expect(unknown.get('key0')).toBe(1001)
})

describe('lines that WireGuard does not have', () => {
  const HEX = 'c7'.repeat(32)

  it('give a header protection key as a secret', () => {
    const { parser } = parseText(`header_protection_key=${HEX}\nerrno=0\n\n`)
    const key = parser.device.amnezia?.headerProtectionKey
    expect(key?.toBytes()).toEqual(new Uint8Array(32).fill(0xc7))
    parser.wipe()
    expect(() => key?.toBytes()).toThrow('wiped')
    const bad = problem(() => parseText(`header_protection_key=${HEX.slice(1)}\nerrno=0\n\n`))
    expect(bad).toMatchObject({ code: 'EPROTO', line: 1 })
  })

  it('are kept, of the device and of each peer', () => {
    const text = `mode=fast\nroute=a\nroute=b\npublic_key=${KEY}\nmark=1\npublic_key=${KEY}\nmark=2\nerrno=0\n\n`
    for (const chunks of [[bytes(text)], [...oneByOne(text)]]) {
      const { parser, peers } = parse(chunks)
      expect(parser.device.extra).toEqual({ mode: 'fast', route: ['a', 'b'] })
      expect(peers.map(({ extra }) => extra)).toEqual([{ mark: '1' }, { mark: '2' }])
      expect(Object.fromEntries(parser.unknown)).toEqual({ mode: 1, route: 2, mark: 2 })
    }
  })

  it('of which this version cannot read the value are kept as they are', () => {
    const { device } = parseText('jc=4-5\nh1=x\nrandom_trailers=on\njmin=40\nerrno=0\n\n').parser
    expect(device.amnezia).toEqual({ jmin: 40 })
    expect(device.extra).toEqual({ jc: '4-5', h1: 'x', random_trailers: 'on' })
  })

  it('are not kept where they may be secrets', () => {
    const lines = [`later_key=1`, `later=${HEX}`, 'a_secret=1', 'Later=1']
    const { parser } = parseText(`${lines.join('\n')}\nerrno=0\n\n`)
    expect(parser.device.extra).toBeUndefined()
    expect(parser.unknown.size).toBe(4)
  })

  it('are not kept without end, and nothing in them is obeyed by a terminal', () => {
    const many = Array.from({ length: 100 }, (_, n) => `later${n}=\x1b[2J\n`).join('')
    const { device } = parseText(`long=${'x'.repeat(4097)}\n${many}errno=0\n\n`).parser
    expect(Object.keys(device.extra ?? {})).toHaveLength(64)
    expect(device.extra).toMatchObject({ later0: '?[2J' })
  })
})

describe('a keepalive', () => {
  const keepalive = (value: string, before = '') =>
    parseText(`${before}public_key=${KEY}\npersistent_keepalive_interval=${value}\nerrno=0\n\n`)
      .peers[0]

  it('may be a range', () => {
    expect(keepalive('15-30')).toMatchObject({
      persistentKeepaliveInterval: 15,
      persistentKeepaliveTo: 30,
    })
    expect(keepalive('5-70000')).toMatchObject({ persistentKeepaliveTo: 70000 })
  })

  it('has more seconds on a device of AmneziaWG alone', () => {
    expect(keepalive('70000', 'h1=1\n')).toMatchObject({ persistentKeepaliveInterval: 70000 })
    expect(problem(() => keepalive('70000'))).toMatchObject({ code: 'EPROTO', line: 2 })
  })

  it.each(['30-15', '15-', '-15', '1-2-3', '1-4294967296', 'off', ''])('is not %j', (value) => {
    expect(problem(() => keepalive(value))).toMatchObject({ code: 'EPROTO', line: 2 })
  })
})

it('knows when all is said of the device itself', () => {
  const parser = new ReplyParser()
  parser.push(bytes('listen_port=1\n'))
  expect(parser.isPastDevice).toBe(false)
  parser.push(bytes(`public_key=${KEY}\n`))
  expect(parser.isPastDevice).toBe(true)
  const empty = parseText('errno=0\n\n').parser
  expect(empty.isPastDevice).toBe(true)
})

describe('a value longer than its kind can be', () => {
  const longest = 'ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255'
  const lineOf = (line: string): Outcome => parseText(`public_key=${KEY}\n${line}\nerrno=0\n\n`)

  it.each([
    ['allowed_ip', `${longest}/128`],
    ['endpoint', `[${longest}%${'x'.repeat(15)}]:65535`],
  ])('%s', (key, value) => {
    expect(lineOf(`${key}=${value}`).peers).toHaveLength(1)
    const error = problem(() => lineOf(`${key}=${value}0`))
    expect(error).toMatchObject({ code: 'EPROTO', line: 2 })
    expect(error.message).toContain(key)
  })
})

it('shows nothing of an unknown key that a terminal would obey', () => {
  const { parser } = parseText('a\x1b[2J\tb\x9b=1\nerrno=0\n\n')
  expect([...parser.unknown]).toEqual([['a?[2J?b?', 1]])
})

describe('anything at all', () => {
  const noise = fc.uint8Array({ maxLength: 300 })
  const word = fc.constantFrom(
    ...['errno=', 'public_key=', 'private_key=', 'preshared_key=', 'endpoint=', 'allowed_ip='],
    ...[
      'listen_port=',
      'rx_bytes=',
      '\n',
      '\n\n',
      '0',
      '-',
      '=',
      KEY,
      ZERO,
      'errno=0\n\n',
      '%',
      ']',
    ],
  )
  const almost = fc.array(word, { maxLength: 30 }).map((words) => bytes(words.join('')))

  it.each([
    ['bytes', noise],
    ['words of the protocol', almost],
  ])('%s give a value or EPROTO, the same however they are split', (_, input) => {
    const outcome = (chunks: Iterable<Uint8Array>): unknown => {
      try {
        const { peers, parser } = parse(chunks)
        const { errno, unknown } = parser
        return { peers: peers.map(plain), device: plain(parser.device), errno, unknown }
      } catch (error) {
        expect(error).toBeInstanceOf(WireGuardError)
        expect(error).toMatchObject({ code: 'EPROTO', line: expect.any(Number) })
        return (error as WireGuardError).message
      }
    }
    fc.assert(
      fc.property(input, fc.array(fc.nat(300), { maxLength: 6 }), (all, cuts) => {
        const text = Buffer.from(all).toString('latin1')
        const at = cuts.filter((cut) => cut <= all.length)
        expect(outcome(splitAt(text, at))).toEqual(outcome([all]))
      }),
      { numRuns: 500 },
    )
  })
})
