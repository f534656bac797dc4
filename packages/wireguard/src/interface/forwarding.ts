import { Deadline, type Family, invalid, unsupported } from '@wgctrl/types'
import type { FirewallChoice } from './firewall.js'
import {
  type ForwardingRules,
  type FoundForwarding,
  forwardingRemovalText,
  forwardingStep,
  forwardingTable,
  forwardingTableText,
  handOverText,
  parseDroppingChains,
  parseForwarders,
  parseForwardingTable,
} from './forwarding-rules.js'
import type { CheckedForwarding } from './interface-config.js'
import type { Machine, Place } from './machine.js'
import { runProgram } from './program.js'
import { isForwarding, keepAdvertisedRoutes, setForwarding } from './sysctl.js'
import type { Transaction, Undo } from './transaction.js'
import type { InterfaceWarning } from './warning.js'

/** Where forwarding is looked at and changed. */
export interface ForwardingPlace extends Place {
  /** Milliseconds that others may take who are at work on it. */
  readonly timeout?: number | undefined
}

/**
 * Refuses what cannot be made here, before anything is.
 *
 * @throws {WireGuardError} `EINVAL` when the caller wants no nft, `EUNSUPPORTED` when there is none
 */
export async function checkForwarding(
  { forward, nat, betweenClients }: CheckedForwarding,
  choice: FirewallChoice,
  machine: Machine,
): Promise<void> {
  if (!forward && !nat && betweenClients) return
  const field = nat ? 'nat' : forward ? 'forward' : 'betweenClients'
  if (choice === 'iptables' || choice === 'off') {
    throw invalid('options.firewall', `${field} is made with nft, which '${choice}' rules out`)
  }
  if (!(await machine.findProgram('nft')))
    throw unsupported(field, `${field} needs nft, which is not installed`)
}

/** What there is for an interface, whoever made it; `undefined`: nothing. */
export async function findForwarding(
  name: string,
  place: ForwardingPlace,
): Promise<FoundForwarding | undefined> {
  const nft = await place.machine.findProgram('nft')
  if (!nft) return undefined
  const args = ['list', 'table', ...forwardingTable(name).split(' ')]
  // A kernel without nftables, or without such a table: either way there is nothing of ours.
  const { status, output } = await place.machine.tryProgram(nft, args, place)
  return status === 0 ? parseForwardingTable(output) : undefined
}

/** The families of some that are not forwarded now, for whatever reason. */
export async function notForwarded(families: readonly Family[], place: Place): Promise<Family[]> {
  const off: Family[] = []
  for (const family of families) if (!(await isForwarding(family, place))) off.push(family)
  return off
}

/**
 * {@link setForwardingRules} as a step.
 *
 * @param warn is told when what is forwarded will be dropped all the same
 */
export async function addForwarding(
  transaction: Transaction,
  rules: ForwardingRules,
  place: ForwardingPlace,
  warn: (warning: InterfaceWarning) => void,
): Promise<void> {
  const warnOfDrops = async (): Promise<void> => {
    for (const chain of await findDroppingChains(rules, uninterrupted(place))) {
      const message = `the chain ${chain} drops what ${rules.name} forwards, and only a rule in it can let that pass`
      warn({ code: 'EFORWARDDROP', message })
    }
  }
  await transaction.step(
    forwardingStep(rules),
    async () => {
      const undo = await setForwardingRules(rules, place)
      await warnOfDrops()
      return undo
    },
    warnOfDrops,
  )
}

/**
 * Puts the rules in the place of those that are there, in one step, and switches forwarding on; families that are no
 * longer needed are let go of.
 *
 * @returns what removes all of it
 */
async function setForwardingRules(wanted: ForwardingRules, place: ForwardingPlace): Promise<Undo> {
  using _ = await holdForwarding(place)
  const { name, families } = wanted
  const found = await findForwarding(name, place)
  const off = await notForwarded(families, place)
  const switchedOn = new Set([...(found?.switchedOn ?? []), ...off])
  for (const family of found?.switchedOn ?? []) {
    if (families.includes(family)) continue
    await letGo(name, family, place)
    switchedOn.delete(family)
  }
  // From here on it is known that forwarding was off, whatever becomes of this process.
  await nft(forwardingTableText(wanted, [...switchedOn]), place)
  const undo = () => removeForwardingRules(name, uninterrupted(place))
  try {
    for (const family of off) {
      if (family === 6) await keepAdvertisedRoutes(place)
      await setForwarding(family, true, place)
    }
  } catch (error) {
    await removeHeld(name, uninterrupted(place))
    throw error
  }
  return undo
}

/** Removes the rules, and switches forwarding off where nobody else needs it; nothing to remove is fine. */
export async function removeForwardingRules(name: string, place: ForwardingPlace): Promise<void> {
  using _ = await holdForwarding(place)
  await removeHeld(name, place)
}

/** Chains of others that drop what this interface forwards; see {@link parseDroppingChains}. */
async function findDroppingChains(
  rules: ForwardingRules,
  place: ForwardingPlace,
): Promise<string[]> {
  return rules.families.length === 0 ? [] : parseDroppingChains(await listRuleset(place), rules)
}

async function listRuleset(place: ForwardingPlace): Promise<string> {
  const program = (await place.machine.findProgram('nft')) ?? 'nft'
  return (await place.machine.tryProgram(program, ['-t', 'list', 'ruleset'], place)).output
}

async function removeHeld(name: string, place: ForwardingPlace): Promise<void> {
  const found = await findForwarding(name, place)
  if (!found) return
  // The table goes last: as long as it is there, another call can finish this one.
  for (const family of found.switchedOn) await letGo(name, family, place)
  await nft(forwardingRemovalText(name), place)
}

/** Switches a family's forwarding off unless somebody needs it; another interface of ours takes that over. */
async function letGo(name: string, family: Family, place: ForwardingPlace): Promise<void> {
  const { table, foreign } = parseForwarders(await listRuleset(place), name, family)
  if (table !== undefined) return await nft(handOverText(table, family), place)
  if (!foreign) await setForwarding(family, false, place)
}

/** Nobody else counts who needs forwarding meanwhile, in this process or another. */
async function holdForwarding({
  machine,
  netns,
  signal,
  timeout,
}: ForwardingPlace): Promise<Disposable> {
  using deadline = new Deadline({ signal, timeout })
  return await machine.holdLock('packet forwarding', { netns, signal: deadline.signal })
}

async function nft(input: string, place: Place): Promise<void> {
  await runProgram((await place.machine.findProgram('nft')) ?? 'nft', ['-f', '-'], {
    ...place,
    input,
  })
}

/** For what takes back, or has to come to its end. */
const uninterrupted = ({ machine, netns }: Place): Place => ({ machine, netns })
