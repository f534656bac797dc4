import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ReplayWindow } from './replay-window.js'

const stamp = (value: bigint): Uint8Array =>
  Uint8Array.from(Buffer.from(value.toString(16).padStart(24, '0'), 'hex'))

describe('ReplayWindow', () => {
  it('accepts exactly what is greater than all before', () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt({ min: 0n, max: 2n ** 96n - 1n })), (values) => {
        const window = new ReplayWindow(1)
        let greatest = -1n
        for (const value of values) {
          expect(window.accept('a', stamp(value))).toBe(value > greatest)
          if (value > greatest) greatest = value
        }
      }),
    )
  })

  it('keeps keys apart, and no more of them than it may', () => {
    const window = new ReplayWindow(2)
    expect(window.accept('a', stamp(5n))).toBe(true)
    expect(window.accept('b', stamp(1n))).toBe(true)
    expect(window.accept('a', stamp(6n))).toBe(true)
    expect(window.accept('c', stamp(1n))).toBe(true)
    expect(window.size).toBe(2)
    expect(window.accept('a', stamp(6n))).toBe(false)
    expect(window.accept('b', stamp(1n))).toBe(true)
  })
})
