import { isIP } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  formatAddress,
  formatCidr,
  isCanonicalCidr,
  parseAddress,
  parseCidr,
  writeAddress,
  writeCanonicalCidr,
  writeCidr,
} from './address.js'
import { WireGuardError } from './errors.js'

const canonical = (text: string): string | undefined => {
  const address = parseAddress(text)
  return address && formatAddress(address.family, address.bytes)
}

describe('canonical text', () => {
  it.each([
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
    ['10.0.0.1', '10.0.0.1'],
    ['::', '::'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    // RFC 5952, section 4.1: no leading zeros
    ['2001:0db8::0001', '2001:db8::1'],
    // 4.2.1: shortened as much as possible
    ['2001:db8:0:0:0:0:2:1', '2001:db8::2:1'],
    ['2001:db8::0:1', '2001:db8::1'],
    // 4.2.2: never one group alone
    ['2001:db8::1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['::1:2:3:4:5:6:7', '0:1:2:3:4:5:6:7'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    // 4.2.3: the longest run, and the first of equals
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['0:0:1:0:0:1:0:0', '::1:0:0:1:0:0'],
    ['1:0:0:2:0:0:0:0', '1:0:0:2::'],
    // 4.3: lower case
    ['2001:DB8::ABCD', '2001:db8::abcd'],
    // 5: IPv4-mapped as dotted decimal, others not
    ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
    ['::FFFF:c000:201', '::ffff:192.0.2.1'],
    ['0:0:0:0:0:ffff:0:0', '::ffff:0.0.0.0'],
    ['::192.0.2.1', '::c000:201'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['1::ffff:1.2.3.4', '1::ffff:102:304'],
    ['::ffff:0:102:304', '::ffff:0:102:304'],
    ['1:2:3:4:5:6:1.2.3.4', '1:2:3:4:5:6:102:304'],
    ['1:2:3:4:5::1.2.3.4', '1:2:3:4:5:0:102:304'],
  ])('%s is %s', (text, expected) => {
    expect(canonical(text)).toBe(expected)
    expect(canonical(expected)).toBe(expected)
  })

  it('of bytes at an offset', () => {
    const bytes = Uint8Array.from([9, 9, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7])
    expect(formatAddress(4, bytes, 2)).toBe('10.0.0.1')
    expect(formatAddress(6, bytes, 2)).toBe('a00:1::7')
  })
})

describe('no address', () => {
  it.each(
    [
      ['', ' ', '1', '1.2.3', '1.2.3.4.5', '1.2.3.256', '01.2.3.4', '1.2.3.04', '1.2.3.0x4'],
      ['1.2.3.4 ', ' 1.2.3.4', '1.2.3.', '.1.2.3', '1..2.3', '+1.2.3.4', '1.2.3.1000', '１.2.3.4'],
      [':', ':::', '1:', ':1', '1::2::3', '::1::', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9'],
      ['1:2:3:4:5:6:7:8::', '::1:2:3:4:5:6:7:8', '1:2:3:4::5:6:7:8', '12345::', '::g', '::-1'],
      ['[::1]', '::1%lo', '::1/128', '::1.2.3', '::1.2.3.4.5', '::1.2.3.4:5', '::01.2.3.4'],
      ['1:2:3:4:5:6:7:1.2.3.4', '1:2:3:4:5:6::1.2.3.4', '::256.1.1.1', '1.2.3.4::', '::1 '],
    ].flat(),
  )('%j', (text) => {
    expect(parseAddress(text)).toBeUndefined()
  })
})

/** Texts that are addresses, nearly are, or only look like them. */
const texts = fc.oneof(
  fc.ipV4(),
  fc.ipV4Extended(),
  fc.ipV6(),
  fc.stringMatching(/^[0-9a-fA-F:.]{0,45}$/),
  fc
    .tuple(fc.ipV6(), fc.nat(45), fc.constantFrom(':', '::', '.', '0', 'f', '1.2.3.4', ''))
    .map(([text, at, piece]) => text.slice(0, at) + piece + text.slice(at + 1)),
)

/** A URL brings its IPv6 host into the canonical form, which is easily expanded. */
function bytesByUrl(text: string): number[] {
  const host = new URL(`http://[${text}]`).hostname.slice(1, -1)
  const [before, after] = host.split('::').map((half) => half.split(':').filter(Boolean))
  const left = before ?? []
  const right = after ?? []
  const zeros = Array<string>(8 - left.length - right.length).fill('0')
  return [...left, ...zeros, ...right].flatMap((group) => {
    const value = Number.parseInt(group, 16)
    return [value >> 8, value & 255]
  })
}

describe('beside independent judges', () => {
  it('takes what node:net takes, and nothing else', () => {
    fc.assert(
      fc.property(texts, (text) => {
        expect(parseAddress(text)?.family ?? 0).toBe(isIP(text))
      }),
      { numRuns: 5_000 },
    )
  })

  it('reads the bytes that a URL reads', () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        expect([...(parseAddress(text)?.bytes ?? [])]).toEqual(bytesByUrl(text))
      }),
      { numRuns: 2_000 },
    )
    fc.assert(
      fc.property(fc.ipV4(), (text) => {
        expect([...(parseAddress(text)?.bytes ?? [])]).toEqual(text.split('.').map(Number))
      }),
    )
  })

  it('writes what a URL writes, but IPv4-mapped addresses dotted', () => {
    const groups = fc.array(fc.oneof(fc.constant(0), fc.nat(0xffff)), {
      minLength: 8,
      maxLength: 8,
    })
    fc.assert(
      fc.property(groups, (parts) => {
        const mapped = parts.slice(0, 6).join() === '0,0,0,0,0,65535'
        fc.pre(!mapped)
        const bytes = Uint8Array.from(parts.flatMap((part) => [part >> 8, part & 255]))
        const url = new URL(`http://[${parts.map((part) => part.toString(16)).join(':')}]`)
        expect(`[${formatAddress(6, bytes)}]`).toBe(url.hostname)
      }),
      { numRuns: 2_000 },
    )
  })

  it('reads back every address that it writes', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
    )
    fc.assert(
      fc.property(bytes, (address) => {
        const family = address.length === 4 ? 4 : 6
        expect(parseAddress(formatAddress(family, address))).toEqual({ family, bytes: address })
      }),
    )
  })
})

describe('parseCidr', () => {
  it.each([
    ['10.0.0.0/24', '10.0.0.0/24'],
    ['10.0.0.7/24', '10.0.0.0/24'],
    ['10.255.255.255/9', '10.128.0.0/9'],
    ['255.255.255.255/0', '0.0.0.0/0'],
    ['255.255.255.255/1', '128.0.0.0/1'],
    ['255.255.255.255/31', '255.255.255.254/31'],
    ['255.255.255.255/32', '255.255.255.255/32'],
    ['10.0.0.1', '10.0.0.1/32'],
    ['fd00::1', 'fd00::1/128'],
    ['FD00:0:0::1/64', 'fd00::/64'],
    ['ffff:ffff::/0', '::/0'],
    ['ffff::1/1', '8000::/1'],
    ['::ffff/127', '::fffe/127'],
    ['::ffff:10.0.0.7/120', '::ffff:10.0.0.0/120'],
    ['::ffff:10.0.0.7/95', '::fffe:0:0/95'],
  ])('%s is %s', (text, expected) => {
    expect(formatCidr(parseCidr(text))).toBe(expected)
  })

  it('gives bytes, family and length', () => {
    const cidr = { family: 4, bytes: Uint8Array.of(10, 1, 0, 0), prefixLength: 16 }
    expect(parseCidr('10.1.2.3/16')).toStrictEqual(cidr)
  })

  it('clears exactly the bits behind the prefix', () => {
    const address = fc.oneof(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
    )
    fc.assert(
      fc.property(address, fc.nat(128), (bytes, random) => {
        const family = bytes.length === 4 ? 4 : 6
        const prefixLength = random % (bytes.length * 8 + 1)
        const cidr = parseCidr(`${formatAddress(family, bytes)}/${prefixLength}`)
        const bits = (all: Uint8Array): string =>
          Array.from(all, (byte) => byte.toString(2).padStart(8, '0')).join('')
        expect(bits(cidr.bytes)).toBe(
          bits(bytes)
            .slice(0, prefixLength)
            .padEnd(bytes.length * 8, '0'),
        )
      }),
    )
  })

  it.each(
    [
      ['', '/', '/24', '10.0.0.0/', '10.0.0.0/33', '10.0.0.0/-1', '10.0.0.0/024', '10.0.0.0/+8'],
      ['10.0.0.0/8.0', '10.0.0.0/1e1', '10.0.0.0/ 8', '10.0.0.0/8 ', '10.0.0.0/8/8', '10.0.0/8'],
      ['10.0.0.0/255.0.0.0', '::/129', '::/1000', 'fe80::1%lo/64', '[::]/0', 'example.org/24'],
    ].flat(),
  )('refuses %j', (text) => {
    const refusal = expect.objectContaining({ code: 'EINVAL', path: 'peers[0].allowedIPs[3]' })
    expect(() => parseCidr(text, 'peers[0].allowedIPs[3]')).toThrow(refusal)
  })

  it.each([[undefined], [null], [1], [{}], [['10.0.0.0/8']]])(
    'throws TypeError for %o',
    (value) => {
      expect(() => parseCidr(value as never)).toThrow(TypeError)
      expect(() => parseCidr(value as never)).toThrow(WireGuardError)
    },
  )
})

describe('writeCidr and writeAddress', () => {
  it.each(['0.0.0.0/0', '10.1.2.3/32', '::/0', 'fd00::7:0/112', '::ffff:1.2.3.4/128', '1::/16'])(
    'write the bytes of %s among others',
    (text) => {
      const { bytes, prefixLength } = parseCidr(text)
      const around = (): Uint8Array => new Uint8Array(bytes.length + 4).fill(9)
      const [network, address] = [around(), around()]
      expect(writeCidr(text, network, 2)).toBe(prefixLength)
      writeAddress(text.slice(0, text.indexOf('/')), address, 2)
      for (const written of [network, address]) {
        expect([...written]).toEqual([9, 9, ...bytes, 9, 9])
      }
    },
  )

  it('refuse what is no address', () => {
    const bytes = new Uint8Array(16)
    expect(() => writeCidr('example.org/8', bytes, 0)).toThrow(WireGuardError)
    expect(() => writeAddress('1::2::3', bytes, 0)).toThrow(WireGuardError)
  })
})

/** The bytes and the prefix of a network whose text is canonical. */
function written(text: string): string | false {
  const bytes = new Uint8Array(18)
  return isCanonicalCidr(text) && `${writeCidr(text, bytes, 1)} ${bytes}`
}

/** The same by who looks as he writes. */
function writtenAsRead(text: string): string | false {
  const bytes = new Uint8Array(18)
  const prefixLength = writeCanonicalCidr(text, bytes, 1)
  return prefixLength >= 0 && `${prefixLength} ${bytes}`
}

describe('isCanonicalCidr', () => {
  it.each([
    ...[
      '0.0.0.0/0',
      '10.0.0.0/8',
      '10.1.2.3/32',
      '255.255.255.255/32',
      '128.0.0.0/1',
      '10.0.0.2/31',
    ],
    ...['::/0', '::1/128', 'fd00::/64', 'fd00::1:0:0:2/128', '1:2:3:4:5:6:7:8/128', '1::/16'],
    ...['1:0:0:2::/64', '2001:db8:0:1:1:1:1:1/128', '::1:0:0:0/80', '8000::/1', 'fe80::/10'],
  ])('knows %s', (text) => {
    expect(formatCidr(parseCidr(text))).toBe(text)
    expect(isCanonicalCidr(text)).toBe(true)
  })

  it.each([
    ...['10.0.0.1', '10.0.0.1/24', '010.0.0.0/8', '10.0.0.0/08', '10.0.0.0/33', '10.0.0.0/', '/8'],
    ...['10.0.0/8', '10.0.0.0.0/8', '10.0.0.1/31', '::', '::/129', 'fd00::1/64', 'FD00::/64'],
    ...['fd00:0:0:1::2:3/128', '0::/0', '::0/0', '1:2:3:4:5:6:7::/128', '1::2::3/128', '1::2:/128'],
    ...[':1::/128', '1:/16', '00001::/16', '01::/16', '1:0:0:2:0:0:0:3/128', '1::2:0:0:0:3/128'],
    ...['::ffff:10.0.0.1/128', '::ffff:a00:1/128', '1:2:3:4:5:6:7:8:9/128', '1:2:3:4:5:6:7/128'],
    ...['g::/16', 'fd00::1%2/128', ' ::/0', '::/0 ', '', '/', ':/0', ':::/0'],
  ])('wants a closer look at %s', (text) => {
    expect(isCanonicalCidr(text)).toBe(false)
  })

  it('is never true for another text than formatCidr gives, and true for nearly all of those', () => {
    const group = fc.oneof(fc.constant(0), fc.constant(0), fc.nat(0xffff))
    const v6 = fc.array(group, { minLength: 8, maxLength: 8 }).map((groups) => {
      return Uint8Array.from(groups.flatMap((value) => [value >> 8, value & 255]))
    })
    const v4 = fc.uint8Array({ minLength: 4, maxLength: 4 })
    fc.assert(
      fc.property(fc.oneof(v4, v6), fc.nat(128), fc.boolean(), (bytes, length, isSloppy) => {
        const family = bytes.length === 4 ? 4 : 6
        const prefixLength = length % (bytes.length * 8 + 1)
        const sloppy = `${formatAddress(family, bytes)}/${prefixLength}`
        const canonical = formatCidr(parseCidr(sloppy))
        const isMapped = canonical.startsWith('::ffff:') && canonical.includes('.')
        expect(isCanonicalCidr(canonical)).toBe(!isMapped)
        if (isSloppy && sloppy !== canonical) expect(isCanonicalCidr(sloppy)).toBe(false)
        for (const text of [canonical, sloppy]) expect(writtenAsRead(text)).toBe(written(text))
        const spelled = sloppy.replace(/:0:/g, ':0000:').toUpperCase()
        if (spelled !== canonical) expect(isCanonicalCidr(spelled)).toBe(false)
      }),
      { numRuns: 5000 },
    )
  })

  it('is never true for what is no network', () => {
    const text = fc.string({ unit: fc.constantFrom(...'0123456789abcf:./'), maxLength: 24 })
    fc.assert(
      fc.property(text, (any) => {
        if (isCanonicalCidr(any)) expect(formatCidr(parseCidr(any))).toBe(any)
        expect(writtenAsRead(any)).toBe(written(any))
      }),
      { numRuns: 20_000 },
    )
  })
})
