import { Console } from 'node:console'
import { Writable } from 'node:stream'
import { format, inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { WireGuardError } from './errors.js'
import {
  checkSecretKey,
  formatPublicKey,
  generatePresharedKey,
  generatePrivateKey,
  isPublicKey,
  isZeroKey,
  keyBytes,
  parsePublicKey,
  publicKey,
  SecretKey,
} from './key.js'

const fromHex = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'))
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const hexOfBase64 = (text: string): string => toHex(Buffer.from(text, 'base64'))
const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 })

/** RFC 7748: section, private key, public key. The keys are not clamped beforehand. */
const vectors = [
  [
    '6.1 Alice',
    '77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a',
    '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a',
  ],
  [
    '6.1 Bob',
    '5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb',
    'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f',
  ],
  [
    '5.2 after one iteration',
    '0900000000000000000000000000000000000000000000000000000000000000',
    '422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079',
  ],
] as const

describe('a key from the bytes of its text', () => {
  it('is every key, and the bytes are left alone', () => {
    fc.assert(
      fc.property(bytes32, (bytes) => {
        const text = Buffer.from(Buffer.from(bytes).toString('base64'))
        const before = text.toString()
        expect(SecretKey.fromBase64(text)?.toBytes()).toEqual(bytes)
        expect(text.toString()).toBe(before)
      }),
    )
  })

  it('is what the same text as a string is, whatever stands in one place', () => {
    const key = Buffer.alloc(32, 0xff).toString('base64')
    for (let at = 0; at < key.length; at++) {
      for (let code = 0; code < 256; code++) {
        const text = Buffer.from(key)
        text[at] = code
        expect(SecretKey.fromBase64(text)?.toBase64()).toBe(fromText(text.toString('latin1')))
      }
    }
    for (const text of ['', key.slice(1), `${key}=`, `${key.slice(0, 43)}A`]) {
      expect(SecretKey.fromBase64(Buffer.from(text))).toBeUndefined()
    }
  })
})

function fromText(text: string): string | undefined {
  try {
    return SecretKey.from(text).toBase64()
  } catch {
    return undefined
  }
}

describe('publicKey', () => {
  it.each(vectors)('RFC 7748, section %s', (_, secret, expected) => {
    const bytes = fromHex(secret)
    expect(hexOfBase64(publicKey(bytes))).toBe(expected)
    expect(toHex(bytes), 'the input is left alone').toBe(secret)
    expect(hexOfBase64(publicKey(Buffer.from(secret, 'hex').toString('base64')))).toBe(expected)
    expect(hexOfBase64(publicKey(SecretKey.from(bytes)))).toBe(expected)
  })

  it('is that of the clamped key', () => {
    fc.assert(
      fc.property(bytes32, (bytes) => {
        const clamped = bytes.slice()
        clamped[0] = (clamped[0] ?? 0) & 0xf8
        clamped[31] = ((clamped[31] ?? 0) & 0x7f) | 0x40
        expect(publicKey(bytes)).toBe(publicKey(clamped))
      }),
    )
  })

  it('wants a key', () => {
    expect(() => publicKey('nonsense')).toThrow(
      expect.objectContaining({ code: 'EINVAL', path: 'privateKey' }),
    )
  })
})

describe('generated keys', () => {
  it('are clamped when private (RFC 7748, section 5)', () => {
    for (let round = 0; round < 64; round++) {
      const bytes = generatePrivateKey().toBytes()
      expect((bytes[0] ?? 0) & 0b0000_0111).toBe(0)
      expect((bytes[31] ?? 0) & 0b1100_0000).toBe(0b0100_0000)
    }
  })

  it.each([
    ['private', generatePrivateKey],
    ['preshared', generatePresharedKey],
  ])('differ from each other: %s', (_, generate) => {
    const keys = Array.from({ length: 64 }, () => generate().toBase64())
    expect(new Set(keys).size).toBe(64)
    expect(keys.every((key) => /^[A-Za-z0-9+/]{43}=$/.test(key))).toBe(true)
  })
})

describe('keyBytes', () => {
  const key = 'AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA='
  const bytes = Uint8Array.from({ length: 32 }, (_, index) => index + 1)

  it.each([
    ['base64', key],
    ['bytes', bytes],
    ['a Buffer', Buffer.from(bytes)],
    ['part of a larger buffer', Buffer.concat([Buffer.alloc(5, 9), bytes]).subarray(5)],
    ['a secret', SecretKey.from(bytes)],
  ])('reads %s and gives a copy', (_, input) => {
    const read = keyBytes(input, 'key')
    expect(read).toStrictEqual(bytes)
    read.fill(0)
    expect(keyBytes(input, 'key')).toStrictEqual(bytes)
  })

  it('agrees with base64 as Node has it', () => {
    fc.assert(
      fc.property(bytes32, (random) => {
        const text = Buffer.from(random).toString('base64')
        expect(keyBytes(text, 'key')).toStrictEqual(random)
        expect(formatPublicKey(random)).toBe(text)
        expect(formatPublicKey(Buffer.concat([Buffer.alloc(3), random]), 3)).toBe(text)
        expect(parsePublicKey(random)).toBe(text)
        expect(parsePublicKey(text)).toBe(text)
      }),
    )
  })

  it.each([
    ['empty', ''],
    ['31 bytes', Buffer.alloc(31).toString('base64')],
    ['33 bytes', Buffer.alloc(33).toString('base64')],
    ['no padding', key.slice(0, -1)],
    ['padding twice', `${key}=`],
    ['bits set behind the last byte', key.replace(/A=$/, 'B=')],
    ['the URL alphabet', `-_${key.slice(2)}`],
    ['a space before', ` ${key}`],
    ['a line end behind', `${key}\n`],
    ['a letter outside the alphabet', `é${key.slice(1)}`],
    ['hex', toHex(bytes)],
    ['no bytes', new Uint8Array(0)],
    ['31 bytes of memory', new Uint8Array(31)],
    ['33 bytes of memory', new Uint8Array(33)],
  ])('refuses %s without repeating it', (_, input) => {
    const refusal = expect.objectContaining({ code: 'EINVAL', path: 'peers[1].presharedKey' })
    expect(() => keyBytes(input, 'peers[1].presharedKey')).toThrow(refusal)
    expect(() => keyBytes(input, 'x')).toThrow(WireGuardError)
    if (typeof input === 'string' && input !== '') {
      expect(() => keyBytes(input, 'x')).not.toThrow(input)
    }
  })

  it('takes no two texts for one key', () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
    const endings = [...alphabet].filter((letter) => {
      try {
        return keyBytes(`${key.slice(0, 42)}${letter}=`, 'key').length === 32
      } catch {
        return false
      }
    })
    expect(endings).toHaveLength(16)
  })

  it.each([[undefined], [null], [1], [{}], [[...bytes]], [new Uint16Array(16)], [bytes.buffer]])(
    'throws a TypeError for %o',
    (input) => {
      expect(() => keyBytes(input as never, 'x')).toThrow(TypeError)
      expect(() => keyBytes(input as never, 'x')).toThrow(WireGuardError)
      expect(() => keyBytes(input as never, 'x')).toThrow(expect.objectContaining({ path: 'x' }))
    },
  )

  it('takes no secret for a public key', () => {
    expect(() => parsePublicKey(SecretKey.from(bytes) as never)).toThrow(TypeError)
  })

  it('knows the zero key', () => {
    const almost = new Uint8Array(32)
    almost[31] = 1
    expect([isZeroKey(new Uint8Array(32)), isZeroKey(almost)]).toEqual([true, false])
    expect(SecretKey.from(new Uint8Array(32)).isZero).toBe(true)
    expect(SecretKey.from(almost).isZero).toBe(false)
  })
})

describe('SecretKey', () => {
  it('owns its bytes', () => {
    const input = fromHex(vectors[0][1])
    const secret = SecretKey.from(input)
    const copy = SecretKey.from(secret)
    input.fill(0)
    secret.toBytes().fill(0)
    expect(toHex(secret.toBytes())).toBe(vectors[0][1])
    secret.wipe()
    expect(toHex(copy.toBytes())).toBe(vectors[0][1])
  })

  it('compares with every form of a key', () => {
    const secret = generatePrivateKey()
    const other = generatePrivateKey()
    expect(secret.equals(secret)).toBe(true)
    expect(secret.equals(secret.toBase64())).toBe(true)
    expect(secret.equals(secret.toBytes())).toBe(true)
    expect(secret.equals(SecretKey.from(secret))).toBe(true)
    expect(secret.equals(other)).toBe(false)
    expect(secret.equals(other.toBase64())).toBe(false)
    expect(() => secret.equals('short')).toThrow(expect.objectContaining({ path: 'other' }))
  })

  it('is of no use once wiped, and still shows nothing', () => {
    const secret = generatePrivateKey()
    const other = SecretKey.from(secret)
    secret.wipe()
    secret.wipe()
    const uses = [
      () => secret.toBase64(),
      () => secret.toBytes(),
      () => secret.isZero,
      () => secret.equals(other),
      () => other.equals(secret),
      () => SecretKey.from(secret),
      () => publicKey(secret),
    ]
    for (const use of uses) expect(use).toThrow(expect.objectContaining({ code: 'EINVAL' }))
    expect(inspect(secret)).toBe('SecretKey (hidden)')
    expect(`${secret}`).toBe('(hidden)')
  })
})

describe('a secret is never shown', () => {
  const secret = generatePrivateKey()
  const device = {
    name: 'wg0',
    privateKey: secret,
    peers: [{ a: { b: { presharedKey: secret } } }],
  }
  const shapes = {
    alone: secret,
    'in a device': device,
    'in a map': new Map([[secret, secret]]),
    'as a cause': new Error('outer', {
      cause: new WireGuardError('x', { code: 'E', cause: device }),
    }),
    'in a property of an error': Object.assign(new Error('bad'), { config: device }),
  }
  const printed = (...values: unknown[]): string => {
    let text = ''
    const write = (chunk: Buffer, _: string, done: () => void): void => {
      text += chunk
      done()
    }
    const stream = new Writable({ write: write as never })
    const console = new Console({ stdout: stream, stderr: stream })
    console.log(...values)
    console.dir(values, { depth: null, showHidden: true })
    console.table(values)
    return text
  }
  const deep = { depth: null, showHidden: true, getters: true, maxArrayLength: null } as const
  const ways: Record<string, (value: unknown) => string> = {
    inspect: (value) => inspect(value, deep),
    'inspect without custom': (value) => inspect(value, { ...deep, customInspect: false }),
    'inspect with proxies': (value) => inspect(new Proxy(value as object, {}), deep),
    'console.log': (value) => printed(value, 'text', [value]),
    format: (value) => format('%s %o %O %d %i %f %c', ...Array.from({ length: 7 }, () => value)),
    'format %j': (value) => format('%j', value),
    JSON: (value) => JSON.stringify(value, null, 1),
    'template string': (value) => `${value} ${[value]} ${String(value)}`,
    stack: (value) => (value instanceof Error ? `${value.stack}${inspect(value.cause)}` : ''),
    entries: (value) => inspect(Object.entries(Object.getOwnPropertyDescriptors(value)), deep),
    clone: (value) => (value === secret ? inspect(structuredClone(value), deep) : ''),
  }
  const bytes = secret.toBytes()
  const forms = [
    Buffer.from(bytes).toString('base64').slice(0, 43),
    Buffer.from(bytes).toString('base64url'),
    toHex(bytes),
    bytes.slice(0, 4).join(', '),
    bytes.slice(0, 4).join(','),
  ]

  const cases = Object.entries(shapes).flatMap(([shape, value]) =>
    Object.entries(ways).map(([way, show]) => ({ way, shape, show, value })),
  )
  it.each(cases)('by $way, $shape', ({ show, value }) => {
    const text = show(value)
    for (const form of forms) expect(text.toLowerCase()).not.toContain(form.toLowerCase())
  })

  it('but said to be there', () => {
    expect(inspect(device, deep)).toContain('privateKey: SecretKey (hidden)')
    expect(JSON.stringify({ secret })).toBe('{"secret":"(hidden)"}')
    expect(`${secret}`).toBe('(hidden)')
    expect(printed(device)).toContain('(hidden)')
  })
})

describe('a secret of another copy of this package', () => {
  const bytes = Uint8Array.from({ length: 32 }, (_, index) => index)

  it('is taken as one of ours', async () => {
    vi.resetModules()
    const copy = await import('./key.js')
    const other = copy.SecretKey.from(bytes)
    expect(copy.SecretKey).not.toBe(SecretKey)
    expect(other).toBeInstanceOf(SecretKey)
    expect(SecretKey.from(other).toBytes()).toEqual(bytes)
    expect(keyBytes(other, 'privateKey')).toEqual(bytes)
    expect(SecretKey.from(bytes).equals(other)).toBe(true)
    expect(publicKey(other)).toBe(publicKey(bytes))
    expect(() => parsePublicKey(other as never)).toThrow('this is a secret key')
    other.wipe()
    expect(() => keyBytes(other, 'privateKey')).toThrow('the secret was wiped')
  })
})

describe('a structured clone of a secret', () => {
  const clone = structuredClone(SecretKey.from(new Uint8Array(32).fill(9)))

  it('is no secret, and every call says so', () => {
    expect(clone).not.toBeInstanceOf(SecretKey)
    const message = /^privateKey: no bytes are left of this key: a structured clone loses them/
    for (const use of [keyBytes, SecretKey.from, checkSecretKey]) {
      expect(() => use(clone, 'privateKey')).toThrow(message)
    }
    expect(() => checkSecretKey('text', 'x')).toThrow('x: must be a SecretKey')
    checkSecretKey(SecretKey.from(new Uint8Array(32)), 'x')
    checkSecretKey(undefined, 'x')
  })
})

describe('SecretKey.at', () => {
  const message = Uint8Array.from({ length: 100 }, (_, index) => index)

  it('takes a copy out of a message', () => {
    const secret = SecretKey.at(message, 10)
    message.fill(0, 10, 42)
    expect(secret?.toBytes()).toEqual(Uint8Array.from({ length: 32 }, (_, index) => index + 10))
  })

  it('is nothing where the message has zeros', () => {
    expect(SecretKey.at(new Uint8Array(64), 5)).toBeUndefined()
    const almost = new Uint8Array(64)
    almost[36] = 1
    expect(SecretKey.at(almost, 5)?.isZero).toBe(false)
    expect(SecretKey.at(almost, 4)).toBeUndefined()
  })
})

describe('many secrets', () => {
  it('keep apart what they hold, whichever is wiped or copied', () => {
    const fill = (index: number): Uint8Array => new Uint8Array(32).fill((index % 255) + 1)
    const secrets = Array.from({ length: 200 }, (_, index) => SecretKey.from(fill(index)))
    for (const [index, secret] of secrets.entries()) if (index % 3 === 0) secret.wipe()
    for (const [index, secret] of secrets.entries()) {
      if (index % 3 === 0) expect(() => secret.toBytes()).toThrow('wiped')
      else {
        expect(secret.toBytes()).toEqual(fill(index))
        expect(SecretKey.from(secret).equals(fill(index))).toBe(true)
        expect(secret.equals(fill(index + 1))).toBe(false)
      }
    }
    secrets[1]?.toBytes().fill(0)
    expect(secrets[1]?.toBytes()).toEqual(fill(1))
  })

  it('are wiped once: what has their place afterwards stays', () => {
    const secret = SecretKey.from(new Uint8Array(32).fill(1))
    secret.wipe()
    const next = SecretKey.from(new Uint8Array(32).fill(2))
    secret.wipe()
    expect(next.toBytes()).toEqual(new Uint8Array(32).fill(2))
  })
})

it('isPublicKey is true of keys alone', () => {
  const key = publicKey(generatePrivateKey())
  expect(isPublicKey(key)).toBe(true)
  const others = [
    `${key}\n`,
    key.slice(1),
    key.toLowerCase().slice(0, 42),
    '',
    undefined,
    {},
    [key],
  ]
  for (const other of others) expect(isPublicKey(other)).toBe(false)
  expect(isPublicKey(formatPublicKey(new Uint8Array(32)))).toBe(false)
})
