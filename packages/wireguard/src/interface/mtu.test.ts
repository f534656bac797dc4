import type { Rtnl } from '@wgctrl/netlink'
import { type Endpoint, type ErrorCode, WireGuardError } from '@wgctrl/types'
import { describe, expect, it } from 'vitest'
import { chooseMtu, deriveMtu } from './mtu.js'

describe('chooseMtu', () => {
  it('takes the narrowest way', () => expect(chooseMtu([1500, 1400, 9000], 1300)).toBe(1320))
  it('takes the default route where there is no way', () => expect(chooseMtu([], 1492)).toBe(1412))
  it('takes Ethernet where there is nothing', () => expect(chooseMtu([], undefined)).toBe(1420))
})

describe('deriveMtu', () => {
  const endpoint: Endpoint = { address: '2001:db8::9', port: 51820, family: 6 }
  const without = (code: ErrorCode, errno: number): Rtnl =>
    ({
      routeTo: async () => {
        throw new WireGuardError('not today', { code, errno })
      },
      routes: async () => [],
    }) as unknown as Rtnl
  const options = { link: 7, marks: [0], signal: undefined }

  // In a machine that was booted without it: test/kernel/no-ipv6.
  it('sees no way to an address of a family that is not there, whatever number the kernel gave', async () => {
    expect(await deriveMtu(without('EAFNOSUPPORT', 95), [endpoint], options)).toBe(1420)
    await expect(deriveMtu(without('EPERM', 1), [endpoint], options)).rejects.toThrow('not today')
  })
})
