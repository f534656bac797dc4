import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import {
  addFirewall,
  findFirewall,
  removeFirewall,
} from '../../packages/wireguard/src/interface/firewall.js'
import {
  type FirewallRules,
  foundRules,
  guardTable,
  guardTableRef,
} from '../../packages/wireguard/src/interface/firewall-rules.js'
import {
  droppingChains,
  forwardingTable,
  forwardingTableChanges,
  foundForwarding,
  planForwarding,
} from '../../packages/wireguard/src/interface/forwarding-rules.js'
import type { FoundTable } from '../../packages/wireguard/src/interface/found-table.js'
import {
  checkInterface,
  type InterfaceSettings,
} from '../../packages/wireguard/src/interface/interface-config.js'
import type { NfTables } from '../../packages/wireguard/src/interface/machine.js'
import { programTables } from '../../packages/wireguard/src/interface/nft-program.js'
import { thisMachine } from '../../packages/wireguard/src/interface/this-machine.js'
import { withoutPrivileges } from '../contract/privileges.js'
import { TestNamespace } from './namespace.js'
import { usePrograms } from './sides.js'

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
  for (const each of [kernel, program]) await each[Symbol.asyncDispose]()
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
/** What is read of the table of a default route. */
async function guardOf(tables: NfTables, { name, family }: Pick<FirewallRules, 'name' | 'family'>) {
  const found = await tables.find(guardTableRef(name, family))
  return found && foundRules(found)
}

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
    const found = await guardOf(kernel, rules)
    expect(found).toEqual(await guardOf(program, rules))
    expect(found).toMatchObject({ mark, addresses: { length: addresses.length } })
    await kernel.apply([{ remove: ref }])
    expect((await listed()).text).toBe('')
    await kernel.apply([{ create: guardTable(rules) }])
    expect(await listed()).toEqual(byProgram)
    expect(await guardOf(program, rules)).toEqual(found)
    await program.apply([{ remove: ref }])
    expect(await kernel.find(ref)).toBeUndefined()
  })

  it.each(['wg=0', 'wg+0', '0wg', 'tcp'])(
    'can have a name that nft takes in no text: %s',
    async (name) => {
      await kernel.apply([{ create: guardTable({ ...guard, name }) }])
      expect(await guardOf(kernel, { name, family: 4 })).toEqual({
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
    expect((await guardOf(kernel, rules))?.addresses).toEqual(rules.addresses)
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
    expect(await kernel.find(guardTableRef('wg0', 4))).toBeDefined()
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

  it('is EPERM for who may not change it, and for who may not look as if there were none', async () => {
    await withoutPrivileges(async () => {
      await using tables = there(await machine.nfTables(undefined))
      await expect(tables.apply([{ create: guardTable(guard) }])).rejects.toMatchObject({
        code: 'EPERM',
        message: /CAP_NET_ADMIN/,
      })
      expect(await tables.find(guardTableRef('wg0', 4))).toBeUndefined()
      expect(await tables.list()).toEqual([])
    })
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

it('what belongs together is asked over one socket, which is closed', async () => {
  let [opened, closed] = [0, 0]
  const nfTables: typeof machine.nfTables = async (netns) => {
    const tables = there(await machine.nfTables(netns))
    opened++
    const close = async (): Promise<void> => {
      closed++
      await tables[Symbol.asyncDispose]()
    }
    return { ...tables, [Symbol.asyncDispose]: close }
  }
  const watched = { ...place, machine: { ...machine, nfTables } }
  const undo = there(await addFirewall('auto', guard, watched))
  expect([opened, closed]).toEqual([1, 1])
  const [found] = await findFirewall('wg0', watched, 'auto')
  expect([opened, closed]).toEqual([2, 2])
  await there(found).replace({ ...guard, mark: 7 })
  await undo()
  expect([opened, closed]).toEqual([4, 4])
})

describe('rules of iptables', () => {
  it.each(['nft', 'legacy'])('are found beside nf_tables: iptables-%s', async (variant) => {
    const folder = await mkdtemp(join(tmpdir(), 'wgctrl-iptables-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    for (const family of ['iptables', 'ip6tables']) {
      for (const verb of ['save', 'restore']) {
        await symlink(`/usr/sbin/${family}-${variant}-${verb}`, join(folder, `${family}-${verb}`))
      }
    }
    using _ = usePrograms(folder)
    const addresses = ['fd00::1']
    await addFirewall('iptables', guard, place)
    await addFirewall('iptables', { ...guard, family: 6, addresses }, place)
    const found = await findFirewall('wg0', place, 'auto')
    expect(found).toMatchObject([
      { family: 4, by: 'iptables', mark: 51820, addresses: guard.addresses },
      { family: 6, by: 'iptables', mark: 51820, addresses },
    ])
    for (const each of found) await removeFirewall(each, 'wg0', place, 'auto')
    expect(await findFirewall('wg0', place, 'auto')).toEqual([])
  })

  it('are looked for by no program where there can be none', async () => {
    await namespace.run('nft', 'add table ip filter; add table ip6 mangle2; add table inet raw')
    await namespace.run('iptables-legacy', '-t', 'filter', '-S')
    const asked: string[] = []
    const tryProgram: typeof machine.tryProgram = async (path, ...rest) => {
      asked.push(path)
      return await machine.tryProgram(path, ...rest)
    }
    const watched = { ...place, machine: { ...machine, tryProgram } }
    expect(await findFirewall('wg0', watched, 'auto')).toEqual([])
    expect(asked).toEqual([])
    await namespace.run('iptables-legacy', '-t', 'raw', '-S')
    await namespace.run('nft', 'add table ip6 mangle')
    expect(await findFirewall('wg0', watched, 'auto')).toEqual([])
    expect(asked).toEqual([
      expect.stringMatching(/\/iptables-save$/),
      expect.stringMatching(/\/ip6tables-save$/),
    ])
  })
})

const networks = [
  '10.8.0.0/24',
  '10.9.0.0/25',
  '10.64.0.0/13',
  '128.0.0.0/1',
  '10.1.2.3/32',
  '0.0.0.0/0',
]
const networks6 = ['fd00:8::/64', 'fd00:9::/61', 'fd00::/8', '8000::/1', 'fd00::1/128', '::/0']

const forwardings: Record<string, InterfaceSettings> = {
  'only forwarding': { forward: true, addresses: ['10.8.0.1/24', 'fd00:8::1/64'] },
  'clients apart': { betweenClients: false },
  masquerading: { nat: { networks: [...networks, ...networks6] } },
  'masquerading to links': {
    nat: { networks: [...networks, ...networks6], to: ['eth0', 'wwan-0.1'] },
  },
  'another source': {
    nat: {
      networks: [...networks, ...networks6],
      to: ['eth0'],
      source: ['203.0.113.5', '2001:db8::5'],
    },
  },
}

/** Of what was found that which both ways tell. */
const shown = (tables: readonly FoundTable[]) =>
  tables.map(({ family, table, chains }) => ({
    family,
    table,
    chains: chains.map(({ chain, base, rules }) => ({
      chain,
      ...(base && { hook: base.hook, policy: base.policy }),
      // The kernel keeps sets in an order of its own.
      rules: rules.map((rule) => ({ ...rule, links: rule.links.toSorted() })),
    })),
  }))

describe('the table for forwarding', () => {
  const changesOf = (name: string, settings: InterfaceSettings, switchedOn: (4 | 6)[]) => {
    const checked = checkInterface(settings, name)
    return forwardingTableChanges(planForwarding(name, checked, checked.device), switchedOn)
  }

  it.each(Object.entries(forwardings))(
    'is the same by netlink and by nft: %s',
    async (_name, settings) => {
      for (const name of ['wg0', 'wg-0123456789ab', 'wg=+1']) {
        const destroy = [{ destroy: forwardingTable(name) }]
        await program.apply(changesOf(name, settings, [4]))
        const byProgram = await listed()
        const found = await kernel.list()
        expect(shown(found)).toEqual(shown(await program.list()))
        await kernel.apply(destroy)
        await kernel.apply(destroy)
        expect((await listed()).text).toBe('')
        await kernel.apply(changesOf(name, settings, [4]))
        expect(await listed()).toEqual(byProgram)
        // In the place of one that is there, and of another.
        await kernel.apply(changesOf(name, {}, []))
        await kernel.apply(changesOf(name, settings, [4]))
        expect(await listed()).toEqual(byProgram)
        const ref = forwardingTable(name)
        expect(shown([there(await kernel.find(ref))])).toEqual(shown(found))
        await kernel.apply([{ addChain: { ...ref, chain: 'switched-on-ip6' } }])
        expect(foundForwarding(there(await program.find(ref))).switchedOn).toEqual([4, 6])
        await program.apply(destroy)
      }
    },
  )
})

describe('tables of others', () => {
  it('are seen as nft lists them', async () => {
    await namespace.run('ip', 'link', 'add', 'wg7', 'type', 'veth')
    await namespace.run(
      'nft',
      `add table inet filter
      add chain inet filter forward { type filter hook forward priority 0; policy drop; }
      add set inet filter links { type ifname; }
      add rule inet filter forward iifname { "wg0", "wg1" } oifname "eth0" counter accept comment "a { b"
      add rule inet filter forward iif "wg7" meta mark 0x7 ct mark 0x8 accept
      add rule inet filter forward ip daddr 10.9.0.1 log limit rate 5/second drop
      add chain inet filter input { type filter hook input priority -5; }
      add table bridge b
      add chain bridge b forward { type filter hook forward priority 0; policy drop; }
      add table netdev n`,
    )
    await namespace.run('iptables', '-P', 'FORWARD', 'DROP')
    await namespace.run('iptables', '-A', 'FORWARD', '-i', 'wg0', '-d', '10.0.0.1', '-j', 'ACCEPT')
    const found = shown(await kernel.list())
    expect(found).toEqual(shown(await program.list()))
    const names = found.map(({ family, table }) => `${family} ${table}`)
    expect(names).toEqual(['inet filter', 'bridge b', 'netdev n', 'ip filter'])
    expect(JSON.stringify(found)).toContain('"links":["eth0","wg0","wg1"]')
  })

  it('that drop what is forwarded are told apart by netlink as by nft', async () => {
    await namespace.run('iptables', '-P', 'FORWARD', 'DROP')
    const wg0 = { name: 'wg0', families: [4, 6] as const }
    expect(droppingChains(await kernel.list(), wg0)).toEqual(['ip filter FORWARD'])
    await namespace.run('iptables', '-A', 'FORWARD', '-i', 'wg0', '-j', 'ACCEPT')
    expect(droppingChains(await kernel.list(), wg0)).toEqual([])
    expect(droppingChains(await program.list(), wg0)).toEqual([])
  })
})
