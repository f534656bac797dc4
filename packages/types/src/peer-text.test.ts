import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatAddress } from './address.js'
import { formatEndpoint, isCanonicalEndpoint, isNamed, parseEndpoint } from './endpoint.js'
import { beginText, isTextIn, putEndpoint, putKey, takePiece, textIn } from './peer-text.js'

/** Addresses with runs of zeros, those of IPv4 in IPv6, and any. */
const address = fc.oneof(
  fc.uint8Array({ minLength: 4, maxLength: 4 }),
  fc.uint8Array({ minLength: 16, maxLength: 16 }),
  fc
    .array(fc.constantFrom(0, 0, 0, 1, 0xff, 0xffff, 0x1000), { minLength: 8, maxLength: 8 })
    .map((groups) => Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 255]))),
)
const port = fc.oneof(fc.nat(65_535), fc.constantFrom(1, 9, 10, 99, 100, 999, 1000, 9999, 10_000))

const familyOf = (bytes: Uint8Array): 4 | 6 => (bytes.length === 4 ? 4 : 6)

describe('putEndpoint', () => {
  it('spells as formatEndpoint does', () => {
    fc.assert(
      fc.property(address, port, (bytes, number) => {
        const family = familyOf(bytes)
        beginText()
        putKey(new Uint8Array(32), 0)
        putEndpoint(family, bytes, 0, number)
        const endpoint = { address: formatAddress(family, bytes), port: number, family }
        expect(textIn(takePiece(), 1)).toBe(formatEndpoint(endpoint))
      }),
      { numRuns: 200 },
    )
  })
})

describe('isTextIn', () => {
  it('is true of the same letters alone', () => {
    beginText()
    putKey(new Uint8Array(32), 0)
    putEndpoint(4, Uint8Array.of(10, 0, 0, 1), 0, 51820)
    expect(isTextIn(1, '10.0.0.1:51820')).toBe(true)
    for (const other of [
      '',
      '10.0.0.1:5182',
      '10.0.0.1:51821',
      '10.0.0.1:518200',
      '20.0.0.1:51820',
    ]) {
      expect(isTextIn(1, other)).toBe(false)
    }
    expect(isTextIn(0, `${'A'.repeat(43)}=`)).toBe(true)
  })
})

describe('isCanonicalEndpoint', () => {
  const text = fc.oneof(
    fc.tuple(address, port).map(([bytes, number]) => {
      const family = familyOf(bytes)
      return formatEndpoint({ address: formatAddress(family, bytes), port: number, family })
    }),
    fc.constantFrom(
      ...['', ':', ':1', '1.2.3.4', '1.2.3.4:', '1.2.3.4:0', '1.2.3.4:65536', '01.2.3.4:1', 'a:1'],
      ...['::1:1', '[::1]', '[::1]:', '[::1]:x', '[::1%2]:1', '[fe80::1%eth0]:1', '[::0]:1'],
      ...[
        '[::FF]:1',
        '[1.2.3.4]:1',
        '[::1.2.3.4]:1',
        '1.2.3.4]:1',
        '[::1:1',
        '[]:1',
        'vpn.example:1',
      ],
    ),
  )

  it('is true of what formatEndpoint gives, and of no other', () => {
    fc.assert(
      fc.property(text, (given) => {
        expect(isCanonicalEndpoint(given)).toBe(canonical(given))
      }),
      { numRuns: 400 },
    )
  })

  /** By the way round: what it means, spelled. */
  function canonical(given: string): boolean {
    try {
      const endpoint = parseEndpoint(given)
      return (
        !isNamed(endpoint) && endpoint.scopeId === undefined && formatEndpoint(endpoint) === given
      )
    } catch {
      return false
    }
  }
})
