import { describe, expect, it } from 'vitest'
import { chooseMtu } from './mtu.js'

describe('chooseMtu', () => {
  it('takes the narrowest way', () => expect(chooseMtu([1500, 1400, 9000], 1300)).toBe(1320))
  it('takes the default route where there is no way', () => expect(chooseMtu([], 1492)).toBe(1412))
  it('takes Ethernet where there is nothing', () => expect(chooseMtu([], undefined)).toBe(1420))
})
