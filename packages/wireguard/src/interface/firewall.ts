import { type Family, unsupported } from '@wgctrl/types'
import {
  type FirewallRules,
  type FoundRules,
  foundRules,
  guardTable,
  guardTableRef,
  iptablesRules,
  parseIptablesSave,
} from './firewall-rules.js'
import type { NfTables, Place } from './machine.js'
import { programTables } from './nft-program.js'
import type { NftChange } from './nft-table.js'
import { runProgram } from './program.js'
import type { Undo } from './transaction.js'

/**
 * What makes the rules: `netlink` the kernel's nf_tables, without a program; `nft` the same by the program; `iptables`
 * the program iptables-restore. `auto`: netlink, else iptables where the kernel has no nf_tables.
 */
export type FirewallChoice = 'auto' | 'netlink' | 'nft' | 'iptables' | 'off'

const FAMILIES: readonly Family[] = [4, 6]

const iptables = (family: Family, verb: 'save' | 'restore'): string =>
  `${family === 4 ? 'iptables' : 'ip6tables'}-${verb}`

/** What tables of nf_tables are looked at and changed with; `undefined`: it is not there. */
export const nfTablesOf = (choice: FirewallChoice, place: Place): Promise<NfTables | undefined> =>
  choice === 'nft' ? programTables(place) : place.machine.nfTables(place.netns)

/**
 * Makes all changes to tables, or none.
 *
 * @throws {WireGuardError} `EUNSUPPORTED` when nothing makes them any more
 */
export async function changeTables(
  choice: FirewallChoice,
  place: Place,
  changes: readonly NftChange[],
): Promise<void> {
  await using tables = await nfTablesOf(choice, place)
  if (!tables) throw unsupported('nf_tables', 'there is nothing that makes tables any more')
  await tables.apply(changes)
}

/** What makes the rules of a default route as a table; `undefined`: nothing does. */
const makerOf = async (choice: FirewallChoice, place: Place): Promise<NfTables | undefined> =>
  choice === 'iptables' || choice === 'off' ? undefined : await nfTablesOf(choice, place)

const mayUseIptables = (choice: FirewallChoice): boolean =>
  choice === 'auto' || choice === 'iptables'

/**
 * Adds rules, all or none.
 *
 * @returns what removes them; `undefined` when there is nothing that could
 * @throws {WireGuardError} with what the kernel or the program said
 */
export async function addFirewall(
  choice: FirewallChoice,
  rules: FirewallRules,
  place: Place,
): Promise<Undo | undefined> {
  const { machine, netns } = place
  await using tables = await makerOf(choice, place)
  if (tables) {
    await tables.apply([{ create: guardTable(rules) }])
    const remove = { remove: guardTableRef(rules.name, rules.family) }
    return () => changeTables(choice, { machine, netns }, [remove])
  }
  const restore =
    mayUseIptables(choice) && (await machine.findProgram(iptables(rules.family, 'restore')))
  if (!restore) return undefined
  await runProgram(restore, ['-n'], { ...place, input: iptablesRules(rules) })
  const input = iptablesRules(rules, 'remove')
  return async () => void (await runProgram(restore, ['-n'], { machine, netns, input }))
}

/** Whether there is what would make the rules. */
export async function hasFirewall(choice: FirewallChoice, place: Place): Promise<boolean> {
  await using tables = await makerOf(choice, place)
  if (tables) return true
  if (!mayUseIptables(choice)) return false
  return (await place.machine.findProgram(iptables(4, 'restore'))) !== undefined
}

/** Whether rules that somebody has made could be found. */
export async function canFindFirewall(choice: FirewallChoice, place: Place): Promise<boolean> {
  await using tables = await nfTablesOf(choice, place)
  return (
    tables !== undefined || (await place.machine.findProgram(iptables(4, 'save'))) !== undefined
  )
}

/** Rules that are there for an interface. */
export interface FoundFirewall extends FoundRules {
  readonly family: Family
  readonly by: 'nf_tables' | 'iptables'
  /** What they are known by when they are looked for again. */
  readonly identity: string
  readonly remove: Undo
  /** Puts others in their place, in one step. */
  replace(rules: FirewallRules): Promise<void>
}

/**
 * Finds the rules for an interface, whoever made them: `up` or wg-quick(8).
 *
 * @param choice `nft`: tables are looked at with the program
 */
export async function findFirewall(
  name: string,
  place: Place,
  choice: FirewallChoice,
): Promise<FoundFirewall[]> {
  await using tables = await nfTablesOf(choice, place)
  // A machine can have nf_tables without nft.
  await using kernel = choice === 'nft' ? await place.machine.nfTables(place.netns) : undefined
  const found = FAMILIES.flatMap((family) => [
    findTable(name, family, tables, choice, place),
    findIptables(name, family, kernel ?? tables, place),
  ])
  return (await Promise.all(found)).flatMap((one) => one ?? [])
}

/** Removes rules; what somebody else has removed meanwhile, all of it or a part, counts as removed. */
export async function removeFirewall(
  found: FoundFirewall,
  name: string,
  place: Place,
  choice: FirewallChoice,
): Promise<void> {
  try {
    await found.remove()
  } catch (error) {
    const left = await findFirewall(name, place, choice)
    const same = left.filter(({ family, by }) => family === found.family && by === found.by)
    // What is there as before cannot be removed.
    if (same.some(({ identity }) => identity === found.identity)) throw error
    for (const { remove } of same) await remove()
  }
}

async function findTable(
  name: string,
  family: Family,
  tables: NfTables | undefined,
  choice: FirewallChoice,
  place: Place,
): Promise<FoundFirewall | undefined> {
  const ref = guardTableRef(name, family)
  const found = await tables?.find(ref)
  if (!found) return undefined
  return {
    family,
    by: 'nf_tables',
    identity: ref.table,
    ...foundRules(found),
    remove: () => changeTables(choice, place, [{ remove: ref }]),
    replace: (rules) =>
      changeTables(choice, place, [{ remove: ref }, { create: guardTable(rules) }]),
  }
}

/** The tables that our rules of iptables are in. */
const OF_IPTABLES = ['raw', 'mangle']

/**
 * Whether there can be rules of iptables, so that no program has to be run where there are none. Those of iptables-nft are in
 * tables of nf_tables by the same names; of the old iptables the kernel lists the tables.
 */
async function mayHaveIptables(
  family: Family,
  tables: NfTables | undefined,
  { machine, netns }: Place,
): Promise<boolean> {
  if (!tables) return true
  const legacy = await machine.legacyTables(family, netns)
  if (legacy === undefined || legacy.some((table) => OF_IPTABLES.includes(table))) return true
  for (const table of OF_IPTABLES) {
    if (await tables.find({ family: family === 4 ? 'ip' : 'ip6', table })) return true
  }
  return false
}

async function findIptables(
  name: string,
  family: Family,
  tables: NfTables | undefined,
  place: Place,
): Promise<FoundFirewall | undefined> {
  const save = await place.machine.findProgram(iptables(family, 'save'))
  const restore = await place.machine.findProgram(iptables(family, 'restore'))
  if (!save || !restore || !(await mayHaveIptables(family, tables, place))) return undefined
  const { status, output } = await place.machine.tryProgram(save, [], place)
  const rules = status === 0 ? parseIptablesSave(output, name) : undefined
  if (!rules) return undefined
  const { mark, addresses, removal } = rules
  const apply = async (input: string) => {
    await runProgram(restore, ['-n'], { ...place, input })
  }
  return {
    family,
    by: 'iptables',
    identity: removal,
    mark,
    addresses: addresses.map((address) => address.replace(/\/\d+$/, '')),
    remove: () => apply(removal),
    replace: async (others) => {
      await apply(removal)
      await apply(iptablesRules(others))
    },
  }
}
