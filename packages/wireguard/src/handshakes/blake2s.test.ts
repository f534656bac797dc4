import { createHash, createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { blake2s, blake2sMac, hmacBlake2s } from './blake2s.js'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const counting = (length: number): Uint8Array => Uint8Array.from({ length }, (_, index) => index)

/** The byte sequence of RFC 7693's self-test: Fibonacci-like, from a seed. */
function selfTestBytes(length: number, seed: number): Uint8Array {
  let a = Math.imul(0xdead4bad, seed) >>> 0
  let b = 1
  return Uint8Array.from({ length }, () => {
    const sum = (a + b) >>> 0
    a = b
    b = sum
    return sum >>> 24
  })
}

describe('BLAKE2s', () => {
  it('gives the example of RFC 7693, appendix B', () => {
    const digest = blake2s(Buffer.from('abc'), new Uint8Array(0), 32)
    expect(hex(digest)).toBe('508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982')
  })

  it('passes the self-test of RFC 7693, appendix E: keyed and plain, four lengths each', () => {
    const digests: Uint8Array[] = []
    for (const length of [16, 20, 28, 32]) {
      for (const inputLength of [0, 3, 64, 65, 255, 1024]) {
        const input = selfTestBytes(inputLength, inputLength)
        digests.push(blake2s(input, new Uint8Array(0), length))
        digests.push(blake2s(input, selfTestBytes(length, length), length))
      }
    }
    const grand = blake2s(Buffer.concat(digests), new Uint8Array(0), 32)
    expect(hex(grand)).toBe('6a411f08ce25adcdfb02aba641451cec53c598b24f4fc787fbdc88797f4c1dfe')
  })

  it('is the HMAC of node:crypto as one, of any key up to a block and any parts', () => {
    const bytes = (maxLength: number) => fc.uint8Array({ maxLength })
    fc.assert(
      fc.property(bytes(64), fc.array(bytes(100), { maxLength: 3 }), (key, parts) => {
        const ours = hmacBlake2s(key, ...parts)
        const theirs = createHmac('blake2s256', key).update(Buffer.concat(parts)).digest()
        expect(hex(ours)).toBe(hex(theirs))
      }),
    )
  })

  it('gives the first and last keyed vectors of the reference implementation', () => {
    const key = counting(32)
    expect(hex(blake2s(new Uint8Array(0), key, 32))).toBe(
      '48a8997da407876b3d79c0d92325ad3b89cbb754d86ab71aee047ad345fd2c49',
    )
    expect(hex(blake2s(counting(255), key, 32))).toBe(
      '3fb735061abc519dfe979e54c1ee5bfad0a9d858b3315bad34bde999efd724dd',
    )
  })

  it('agrees with OpenSSL on any input without a key', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (input) => {
        const theirs = createHash('blake2s256').update(input).digest('hex')
        expect(hex(blake2s(input, new Uint8Array(0), 32))).toBe(theirs)
      }),
    )
  })

  it('gives the same for many inputs and one key', () => {
    const key = counting(32)
    const mac = blake2sMac(key, 16)
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), (input) => {
        expect(hex(mac(input))).toBe(hex(blake2s(input, key, 16)))
      }),
    )
  })
})
