import {
  generatePresharedKey,
  generatePrivateKey,
  type PublicKey,
  publicKey,
  SecretKey,
} from '@wgctrl/types'
import { describe, expect, it } from 'vitest'
import { SealOpener, sealPresharedKey } from './sealed-key.js'

const client = publicKey(generatePrivateKey())
const open = (key: SecretKey, sealed: unknown, whose: PublicKey = client): SecretKey =>
  new SealOpener(key, 'key').open(sealed, whose, 'client.sealedPresharedKey')
const refused = expect.objectContaining({ code: 'EINVAL', path: 'client.sealedPresharedKey' })

describe('a sealed preshared key', () => {
  it('is read as one that was made by other code: RFC 7748, 5869 and 8439 in Python', () => {
    const gateway = 'ISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0A='
    const whose = 'ZLEBsdC+WocEvQePmJUAH8A+jp+VIvGI3RKNmEbUhGY=' as PublicKey
    const sealed =
      'AQejfLwUIJPIt1XcGxDobLQmN0rRaqhT7QvfwLK4bRx8PNbNop4uXWpi3j3AMlM7Md0j7mipwAOqc6BYk4yeN05Op6axPNOU_MIrwT94-6Vf'
    const opened = open(SecretKey.from(gateway), sealed, whose)
    expect(opened.toBase64()).toBe('YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7fH1+f4A=')
  })

  it('is opened by the gateway that it is for, and another text each time', () => {
    const [key, other] = [generatePrivateKey(), generatePrivateKey()]
    const presharedKey = generatePresharedKey()
    const seal = (gateway: SecretKey) =>
      sealPresharedKey(presharedKey, { gateway: publicKey(gateway), client })
    expect(open(key, seal(key)).equals(presharedKey)).toBe(true)
    expect(open(key, [seal(other), seal(key)]).equals(presharedKey)).toBe(true)
    expect(seal(key)).not.toBe(seal(key))
    expect(seal(key)).not.toContain(presharedKey.toBase64().slice(0, 20))
  })

  it('is opened by no other gateway, for no other client, and not when a bit of it is another', () => {
    const key = generatePrivateKey()
    const gateway = publicKey(key)
    const sealed = sealPresharedKey(generatePresharedKey(), { gateway, client })
    expect(() => open(generatePrivateKey(), sealed)).toThrow(refused)
    expect(() => open(key, sealed, publicKey(generatePrivateKey()))).toThrow(refused)
    for (let bit = 0; bit < 81 * 8; bit++) {
      const box = Buffer.from(sealed, 'base64url')
      box[bit >> 3] = (box[bit >> 3] as number) ^ (1 << (bit & 7))
      // The highest bit of a public key says nothing. RFC 7748, section 5. It is in what the key is derived from.
      expect(() => open(key, box.toString('base64url')), `bit ${bit}`).toThrow(refused)
    }
  })

  it.each([
    undefined,
    null,
    5,
    {},
    '',
    'x',
    'A'.repeat(108),
    `${'A'.repeat(107)}=`,
    ['x'],
    Array(65).fill('A'.repeat(108)),
    // The point 0: nothing is agreed on with it.
    Buffer.concat([Buffer.of(1), Buffer.alloc(80)]).toString('base64url'),
  ])('is refused when it is none: %j', (sealed) => {
    expect(() => open(generatePrivateKey(), sealed)).toThrow(refused)
  })

  it('is not made for a key that nothing can be agreed on with', () => {
    const gateway = Buffer.alloc(32).toString('base64') as PublicKey
    const made = () => sealPresharedKey(generatePresharedKey(), { gateway, client })
    expect(made).toThrow(expect.objectContaining({ code: 'EINVAL', path: 'gateway' }))
  })
})
