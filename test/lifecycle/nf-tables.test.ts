import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  addFirewall,
  findFirewall,
  removeFirewall,
} from '../../packages/wireguard/src/interface/firewall.js'
import {
  type FirewallRules,
  guardTable,
  guardTableRef,
} from '../../packages/wireguard/src/interface/firewall-rules.js'
import type { NfTables } from '../../packages/wireguard/src/interface/machine.js'
import { programTables } from '../../packages/wireguard/src/interface/nft-program.js'
import { thisMachine } from '../../packages/wireguard/src/interface/this-machine.js'
import { TestNamespace } from './namespace.js'

const machine = thisMachine

let namespace: TestNamespace
let place: { machine: typeof machine; netns: string; signal: undefined }
let kernel: NfTables
let program: NfTables

beforeEach(async () => {
  namespace = await TestNamespace.createBare('wgctrl-nf')
  place = { machine, netns: namespace.name, signal: undefined }
  kernel = there(await machine.nfTables(namespace.name))
  program = there(await programTables(place))
})

afterEach(async () => {
  await namespace[Symbol.asyncDispose]()
})

function there<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('it is not there')
  return value
}

/** What nft lists, in its own words and as JSON, but for the handles that the kernel gives. */
async function listed(): Promise<{ text: string; json: unknown }> {
  const text = await namespace.run('nft', 'list', 'ruleset')
  const json = JSON.parse(
    await namespace.run('nft', '-j', 'list', 'ruleset'),
    (key: string, value: unknown) => (key === 'handle' ? undefined : value),
  )
  return { text, json }
}

const guard: FirewallRules = { name: 'wg0', family: 4, mark: 51820, addresses: ['10.9.0.1'] }
const addressesOf = (count: number): string[] =>
  Array.from({ length: count }, (_, at) => `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`)

const cases: Record<string, FirewallRules> = {
  'an address': guard,
  'no address': { ...guard, addresses: [] },
  'several addresses': { ...guard, addresses: ['10.9.0.1', '10.9.1.1', '255.255.255.255'] },
  IPv6: { ...guard, family: 6, addresses: ['fd00:9::1', 'fe80::1', '::ffff:10.9.0.1', '::'] },
  'IPv6 without an address': { ...guard, family: 6, addresses: [] },
  'the least mark': { ...guard, mark: 1 },
  'the greatest mark': { ...guard, mark: 0xffff_ffff },
  'a name of fifteen characters': { ...guard, name: 'wg-0123456789ab' },
  'a name with a point': { ...guard, name: 'wg.0_a-b' },
}

describe('the table of a default route', () => {
  it.each(Object.entries(cases))('is the same by netlink and by nft: %s', async (_name, rules) => {
    const ref = guardTableRef(rules.name, rules.family)
    await program.apply([{ create: guardTable(rules) }])
    const byProgram = await listed()
    const { mark, addresses } = rules
    expect(await kernel.findGuard(ref)).toEqual(await program.findGuard(ref))
    expect(await kernel.findGuard(ref)).toMatchObject({
      mark,
      addresses: { length: addresses.length },
    })
    await kernel.apply([{ remove: ref }])
    expect((await listed()).text).toBe('')
    await kernel.apply([{ create: guardTable(rules) }])
    expect(await listed()).toEqual(byProgram)
    expect(await program.findGuard(ref)).toEqual(await kernel.findGuard(ref))
    await program.apply([{ remove: ref }])
    expect(await kernel.findGuard(ref)).toBeUndefined()
  })

  it.each(['wg=0', 'wg+0', '0wg', 'tcp'])(
    'can have a name that nft takes in no text: %s',
    async (name) => {
      await kernel.apply([{ create: guardTable({ ...guard, name }) }])
      expect(await kernel.findGuard(guardTableRef(name, 4))).toEqual({
        mark: 51820,
        addresses: ['10.9.0.1'],
      })
      expect((await listed()).text).toContain(`iifname != "${name}" ip daddr 10.9.0.1`)
      await kernel.apply([{ remove: guardTableRef(name, 4) }])
      expect((await listed()).text).toBe('')
    },
  )

  it('has room for two thousand addresses', async () => {
    const rules = { ...guard, addresses: addressesOf(2000) }
    await kernel.apply([{ create: guardTable(rules) }])
    expect((await kernel.findGuard(guardTableRef('wg0', 4)))?.addresses).toEqual(rules.addresses)
  })

  it.each([
    ['netlink', 'nft'],
    ['nft', 'netlink'],
  ] as const)('made by %s is replaced and removed by %s', async (first, second) => {
    await addFirewall(first, guard, place)
    await addFirewall(first, { ...guard, family: 6, addresses: ['fd00::1'] }, place)
    const others = { ...guard, mark: 7, addresses: ['10.9.0.2'] }
    const [found, found6] = await findFirewall('wg0', place, second)
    expect(found).toMatchObject({ family: 4, by: 'nf_tables', mark: 51820 })
    await there(found).replace(others)
    const replaced = await listed()
    await there((await findFirewall('wg0', place, first))[0]).replace(others)
    expect((await listed()).json).toEqual(replaced.json)
    await removeFirewall(there(found), 'wg0', place, second)
    await removeFirewall(there(found6), 'wg0', place, second)
    expect((await listed()).text).toBe('')
  })

  it('is made by one of two who are at it at the same time', async () => {
    const both = await Promise.allSettled([
      addFirewall('netlink', guard, place),
      addFirewall('netlink', guard, place),
    ])
    const refused = both.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []))
    expect(refused).toEqual([expect.objectContaining({ code: 'EEXIST', index: 0 })])
    expect(await kernel.findGuard(guardTableRef('wg0', 4))).toBeDefined()
  })

  it('is made whole or not at all', async () => {
    await namespace.run('nft', 'add table ip6 wg-quick-wg0')
    const before = await listed()
    const six = guardTable({ ...guard, family: 6, addresses: ['fd00::1'] })
    const both = [{ create: guardTable(guard) }, { create: six }]
    await expect(kernel.apply(both)).rejects.toMatchObject({
      code: 'EEXIST',
      message: /^add table ip6 wg-quick-wg0: /,
    })
    expect(await listed()).toEqual(before)
    const gone = [{ create: guardTable(guard) }, { remove: guardTableRef('wg9', 4) }]
    await expect(kernel.apply(gone)).rejects.toMatchObject({ code: 'ENOENT' })
    expect(await listed()).toEqual(before)
  })

  it('that others have taken away counts as removed', async () => {
    await addFirewall('netlink', guard, place)
    const [found] = await findFirewall('wg0', place, 'auto')
    await namespace.run('nft', 'delete table ip wg-quick-wg0')
    await removeFirewall(there(found), 'wg0', place, 'auto')
    expect((await listed()).text).toBe('')
  })

  it('is none of the tables that others have', async () => {
    const others = 'add table inet filter; add table ip wg-quick-wg1; add table ip6 wg-quick-wg'
    await namespace.run('nft', others)
    await addFirewall('netlink', guard, place)
    const found = await findFirewall('wg0', place, 'auto')
    expect(found).toHaveLength(1)
    await there(found[0]).remove()
    const { text } = await listed()
    for (const table of ['inet filter', 'ip wg-quick-wg1', 'ip6 wg-quick-wg ']) {
      expect(text).toContain(`table ${table}`)
    }
  })
})
