import { expect, it } from 'vitest'
import { policyText } from './policy.js'

it.each([
  ['mask of bits', { mask: 7n }, 'bits 0x7'],
  ['a range', { type: 1, minValueU: 0n, maxValueU: 128n }, '0 to 128'],
  ['a range below 0', { type: 6, minValueS: -1n, maxValueS: 5n }, '-1 to 5'],
  ['one length', { minLength: 32, maxLength: 32 }, '32 bytes'],
  ['a longest', { maxLength: 15 }, 'at most 15 bytes'],
  ['a shortest', { minLength: 16 }, 'at least 16 bytes'],
  ['a nest', { type: 8 }, undefined],
])('says what an attribute with %s may be', (_, policy, text) => {
  expect(policyText(policy)).toBe(text)
})
