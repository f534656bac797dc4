import { describe, expect, it } from 'vitest'
import { WireGuardError } from './errors.js'
import { checkInterfaceName, checkLinkName, isInterfaceName, isLinkName } from './interface-name.js'

describe('an interface name', () => {
  it.each(['w', 'wg0', 'utun7', 'A_=+.-z', '...', '.wg', 'a-', '0', 'fifteen_letters'])(
    'can be %s',
    (name) => {
      expect(isInterfaceName(name)).toBe(true)
      checkInterfaceName(name)
    },
  )

  it.each(
    [
      ['', '.', '..', '-a', '--help', 'a/b', '../x', '/', 'a\\b', 'a b', ' wg0', 'wg0 ', 'wg0\n'],
      ['a\0b', 'wg0\0', 'wg%d', 'wg:0', 'wé', '名', '$(x)', ';', 'sixteen_letters_'],
    ].flat(),
  )('cannot be %j', (name) => {
    const refusal = expect.objectContaining({ code: 'EINVAL', path: 'name' })
    expect(isInterfaceName(name)).toBe(false)
    expect(() => checkInterfaceName(name)).toThrow(refusal)
    expect(() => checkInterfaceName(name, 'link')).toThrow(
      expect.objectContaining({ path: 'link' }),
    )
  })

  it.each([[undefined], [null], [0], [{}], [['wg0']]])('throws a TypeError for %o', (name) => {
    expect(() => checkInterfaceName(name as never)).toThrow(TypeError)
    expect(() => checkInterfaceName(name as never)).toThrow(WireGuardError)
  })
})

describe('the name of a link', () => {
  it.each(['wg0', 'wg@home', 'wg~0', 'Büro', '名', '-a', '$(x)', 'a\\b', '…', 'fifteen_letters'])(
    'can be %s',
    (name) => {
      expect(isLinkName(name)).toBe(true)
      checkLinkName(name)
    },
  )

  it.each(
    [
      ['', '.', '..', 'a/b', 'wg:0', 'a b', 'wg0\n', 'a\tb', 'a\0b', 'sixteen_letters_'],
      // 16 bytes, half a character, and a byte 0xa0 within one.
      ['öööööööö', 'a\ud800', 'voilà'],
    ].flat(),
  )('cannot be %j', (name) => {
    expect(isLinkName(name)).toBe(false)
    const refusal = expect.objectContaining({ code: 'EINVAL', path: 'link' })
    expect(() => checkLinkName(name, 'link')).toThrow(refusal)
  })

  it('is a string', () => {
    expect(() => checkLinkName(0 as never)).toThrow(TypeError)
  })
})
