import type { Family } from '@wgctrl/types'
import {
  type FirewallRules,
  type FoundRules,
  iptablesRules,
  nftFamily,
  nftRemoval,
  nftRules,
  nftTable,
  parseIptablesSave,
  parseNftTable,
} from './firewall-rules.js'
import type { Machine, Place } from './machine.js'
import { runProgram } from './program.js'
import type { Undo } from './transaction.js'

/** Which program makes the rules; `auto`: nft, else iptables-restore. */
export type FirewallChoice = 'auto' | 'nft' | 'iptables' | 'off'

const FAMILIES: readonly Family[] = [4, 6]

const iptables = (family: Family, verb: 'save' | 'restore'): string =>
  `${family === 4 ? 'iptables' : 'ip6tables'}-${verb}`

/**
 * Adds rules, all or none.
 *
 * @returns what removes them; `undefined` when there is no program that could
 * @throws {WireGuardError} with what the program said
 */
export async function addFirewall(
  choice: FirewallChoice,
  rules: FirewallRules,
  place: Place,
): Promise<Undo | undefined> {
  const { machine, netns } = place
  const nft = choice === 'auto' || choice === 'nft' ? await machine.findProgram('nft') : undefined
  if (nft) {
    await runProgram(nft, ['-f', '-'], { ...place, input: nftRules(rules) })
    const input = nftRemoval(rules.name, rules.family)
    return async () => void (await runProgram(nft, ['-f', '-'], { machine, netns, input }))
  }
  const wantsIptables = choice === 'auto' || choice === 'iptables'
  const restore = wantsIptables && (await machine.findProgram(iptables(rules.family, 'restore')))
  if (!restore) return undefined
  await runProgram(restore, ['-n'], { ...place, input: iptablesRules(rules) })
  const input = iptablesRules(rules, 'remove')
  return async () => void (await runProgram(restore, ['-n'], { machine, netns, input }))
}

/** Whether there is a program that would make the rules. */
export async function hasFirewall(choice: FirewallChoice, machine: Machine): Promise<boolean> {
  if (choice === 'off') return false
  const nft = choice !== 'iptables' && (await machine.findProgram('nft'))
  const restore = choice !== 'nft' && (await machine.findProgram(iptables(4, 'restore')))
  return Boolean(nft || restore)
}

/** Whether there is a program that rules could have been made with, so that it can be asked for them. */
export const canFindFirewall = async (machine: Machine): Promise<boolean> =>
  (await machine.findProgram('nft')) !== undefined ||
  (await machine.findProgram(iptables(4, 'save'))) !== undefined

/** Rules that are there for an interface. */
export interface FoundFirewall extends FoundRules {
  readonly family: Family
  readonly by: 'nft' | 'iptables'
  /** What the program is told to remove them. */
  readonly removal: string
  readonly remove: Undo
  /** Puts others in their place, in one step. */
  replace(rules: FirewallRules): Promise<void>
}

/** Finds the rules for an interface, whoever made them: `up` or wg-quick(8). */
export async function findFirewall(name: string, place: Place): Promise<FoundFirewall[]> {
  const found = FAMILIES.flatMap((family) => [
    findNft(name, family, place),
    findIptables(name, family, place),
  ])
  return (await Promise.all(found)).flatMap((one) => one ?? [])
}

/** Removes rules; what somebody else has removed meanwhile, all of it or a part, counts as removed. */
export async function removeFirewall(
  found: FoundFirewall,
  name: string,
  place: Place,
): Promise<void> {
  try {
    await found.remove()
  } catch (error) {
    const left = await findFirewall(name, place)
    const same = left.filter(({ family, by }) => family === found.family && by === found.by)
    // What is there as before cannot be removed.
    if (same.some(({ removal }) => removal === found.removal)) throw error
    for (const { remove } of same) await remove()
  }
}

async function findNft(
  name: string,
  family: Family,
  place: Place,
): Promise<FoundFirewall | undefined> {
  const nft = await place.machine.findProgram('nft')
  if (!nft) return undefined
  const args = ['list', 'table', nftFamily(family), nftTable(name)]
  // A kernel without nftables, or without such a table: either way there is nothing of ours.
  const { status, output } = await place.machine.tryProgram(nft, args, place)
  if (status !== 0) return undefined
  const removal = nftRemoval(name, family)
  const apply = async (input: string) => {
    await runProgram(nft, ['-f', '-'], { ...place, input })
  }
  return {
    family,
    by: 'nft',
    removal,
    ...parseNftTable(output),
    remove: () => apply(removal),
    replace: (rules) => apply(removal + nftRules(rules)),
  }
}

async function findIptables(
  name: string,
  family: Family,
  place: Place,
): Promise<FoundFirewall | undefined> {
  const save = await place.machine.findProgram(iptables(family, 'save'))
  const restore = await place.machine.findProgram(iptables(family, 'restore'))
  if (!save || !restore) return undefined
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
    removal,
    mark,
    addresses: addresses.map((address) => address.replace(/\/\d+$/, '')),
    remove: () => apply(removal),
    replace: async (others) => {
      await apply(removal)
      await apply(iptablesRules(others))
    },
  }
}
