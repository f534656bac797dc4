import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeText, encodeText } from './text-encoding.js'

describe('decodeText and encodeText', () => {
  it('take UTF-8 as it is', () => {
    const text = '\uFEFF# ü € 😀\r\n'
    expect(decodeText(Buffer.from(text))).toBe(text)
    expect(Buffer.from(encodeText(text)).toString()).toBe(text)
  })

  it('keep the bytes of a line in another encoding, and the text of the others', () => {
    const bytes = Buffer.concat([Buffer.from('# ü\n'), Buffer.from('# \xfc\n', 'latin1')])
    expect(decodeText(bytes)).toBe('# ü\n# \udcfc\n')
    expect(Buffer.from(encodeText(decodeText(bytes)))).toEqual(bytes)
  })

  it('give any bytes back', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc
        .array(fc.constantFrom(10, 35, 0xc3, 0xbc, 0xed, 0xb3, 0xbc, 0xff))
        .map((all) => Uint8Array.from(all)),
    )
    fc.assert(
      fc.property(bytes, (before) => {
        expect(new Uint8Array(encodeText(decodeText(before)))).toEqual(new Uint8Array(before))
      }),
      { numRuns: 2000 },
    )
  })
})
