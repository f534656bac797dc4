import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { visible, visibleJson, visibleLines } from './visible-text.js'

/** Control characters of both sets, those that turn writing, those without width, and ends of lines of all kinds. */
const NASTY = [
  ...Array.from({ length: 32 }, (_, code) => String.fromCharCode(code)),
  ...Array.from({ length: 33 }, (_, code) => String.fromCharCode(0x7f + code)),
  ...'\u00ad\u061c\u115f\u1160\u17b4\u180e\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e',
  ...'\u2060\u2061\u2066\u2067\u2068\u2069\u206f\u3164\ufeff\uffa0\ufff9\u{e0001}\u{e0041}',
  '\x1b[2J',
  '\x1b]0;title\x07',
  '\x9b31m',
  '\r\n',
]

const texts = fc
  .array(
    fc.oneof(
      fc.constantFrom(...NASTY),
      fc.string({ unit: 'binary' }),
      fc.constantFrom('"', '\\', '%', '$(id)'),
    ),
  )
  .map((parts) => parts.join(''))

/** Written out once more: what no output may hold. */
const isHidden = (char: string): boolean =>
  /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0]/u.test(char)

describe('a text of others', () => {
  it('has nothing left that a terminal obeys or hides', () => {
    fc.assert(
      fc.property(texts, (text) => {
        expect([...visible(text)].filter(isHidden)).toEqual([])
      }),
    )
  })

  it('stays as it is where all of it can be seen', () => {
    for (const text of ['wg0', 'Büro', 'größe', '日本', '\u2764\ufe0f', 'a b\\c"d%', '']) {
      expect(visible(text)).toBe(text)
    }
  })

  it('keeps ends of lines and tabs of our own lines alone', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const left = [...visibleLines(text)].filter(isHidden)
        expect(left.filter((char) => char !== '\n' && char !== '\t')).toEqual([])
      }),
    )
    expect(visibleLines('a\tb\r\nc\rd\x1b[1m\n')).toBe('a\tb\nc\u{fffd}d\u{fffd}[1m\n')
  })
})

it('JSON of it means the same', () => {
  fc.assert(
    fc.property(texts, (text) => {
      const json = visibleJson(JSON.stringify({ [text]: text }, null, 2))
      expect([...json].filter((char) => isHidden(char) && char !== '\n')).toEqual([])
      expect(JSON.parse(json)).toEqual({ [text]: text })
    }),
  )
})
