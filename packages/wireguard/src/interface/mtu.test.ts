import type { Rtnl, Rule } from '@wgctrl/netlink'
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

  const local: Rule = { family: 6, table: 254, suppressPrefixLength: 0, priority: 9 } as Rule
  const mark: Rule = { family: 6, table: 99, firewallMark: 99, invert: true, priority: 10 } as Rule

  /** The uplink has the link 1, and another tunnel that has a default route, and carries less, the link 2. */
  const beside = (rules: () => Rule[]): Rtnl =>
    ({
      rules: async () => rules(),
      routes: async ({ table }: { table: number }) => (table === 99 ? [{ link: 2 }] : []),
      routeTo: async () => ({ link: rules().length === 1 ? 2 : 1, type: 1 }),
      link: async (link: number) => ({ mtu: link === 2 ? 1370 : 1450 }),
    }) as unknown as Rtnl

  it('does not go by the moment in which another tunnel has the first of its two rules', async () => {
    for (const lasts of [1, 2, 3, 4, 5]) {
      let looks = 0
      const rtnl = beside(() => (looks++ < lasts ? [mark] : [local, mark]))
      expect(await deriveMtu(rtnl, [endpoint], options), `${lasts} looks`).toBe(1370)
    }
  })

  it('goes by a rule that stays alone', async () => {
    expect(
      await deriveMtu(
        beside(() => [mark]),
        [endpoint],
        options,
      ),
    ).toBe(1290)
  })
})
