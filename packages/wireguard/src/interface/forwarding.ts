import { Deadline, type Family, invalid, unsupported } from '@wgctrl/types'
import { changeTables, type FirewallChoice, nfTablesOf } from './firewall.js'
import {
  droppingChains,
  type ForwardingRules,
  type FoundForwarding,
  forwardingStep,
  forwardingTable,
  forwardingTableChanges,
  foundForwarding,
  handOver,
  otherForwarders,
} from './forwarding-rules.js'
import type { FoundTable } from './found-table.js'
import type { CheckedForwarding } from './interface-config.js'
import type { Place } from './machine.js'
import type { NftChange } from './nft-table.js'
import { isForwarding, keepAdvertisedRoutes, setForwarding } from './sysctl.js'
import type { Transaction, Undo } from './transaction.js'
import type { InterfaceWarning } from './warning.js'

/** Where forwarding is looked at and changed. */
export interface ForwardingPlace extends Place {
  readonly firewall: FirewallChoice
  /** Milliseconds that others may take who are at work on it. */
  readonly timeout?: number | undefined
}

/**
 * Refuses what cannot be made here, before anything is.
 *
 * @throws {WireGuardError} `EINVAL` when the caller wants no nf_tables, `EUNSUPPORTED` when there are none
 */
export async function checkForwarding(
  { forward, nat, betweenClients }: CheckedForwarding,
  place: ForwardingPlace,
): Promise<void> {
  if (!forward && !nat && betweenClients) return
  const field = nat ? 'nat' : forward ? 'forward' : 'betweenClients'
  const { firewall } = place
  if (firewall === 'iptables' || firewall === 'off') {
    throw invalid(
      'options.firewall',
      `${field} is made in nf_tables, which '${firewall}' rules out`,
    )
  }
  await using tables = await nfTablesOf(firewall, place)
  if (tables) return
  const missing = firewall === 'nft' ? 'nft, which is not installed' : 'a kernel with nf_tables'
  throw unsupported(field, `${field} needs ${missing}`)
}

/** What there is for an interface, whoever made it; `undefined`: nothing. */
export async function findForwarding(
  name: string,
  place: ForwardingPlace,
): Promise<FoundForwarding | undefined> {
  await using tables = await nfTablesOf(place.firewall, place)
  const found = await tables?.find(forwardingTable(name))
  return found && foundForwarding(found)
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
  await change(forwardingTableChanges(wanted, [...switchedOn]), place)
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

/** Chains of others that drop what this interface forwards; see {@link droppingChains}. */
async function findDroppingChains(
  rules: ForwardingRules,
  place: ForwardingPlace,
): Promise<string[]> {
  return rules.families.length === 0 ? [] : droppingChains(await listTables(place), rules)
}

async function listTables(place: ForwardingPlace): Promise<FoundTable[]> {
  await using tables = await nfTablesOf(place.firewall, place)
  return (await tables?.list()) ?? []
}

async function removeHeld(name: string, place: ForwardingPlace): Promise<void> {
  const found = await findForwarding(name, place)
  if (!found) return
  // The table goes last: as long as it is there, another call can finish this one.
  for (const family of found.switchedOn) await letGo(name, family, place)
  await change([{ destroy: forwardingTable(name) }], place)
}

/** Switches a family's forwarding off unless somebody needs it; another interface of ours takes that over. */
async function letGo(name: string, family: Family, place: ForwardingPlace): Promise<void> {
  const { table, foreign } = otherForwarders(await listTables(place), name, family)
  if (table !== undefined) return await change([handOver(table, family)], place)
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

const change = (changes: readonly NftChange[], place: ForwardingPlace): Promise<void> =>
  changeTables(place.firewall, place, changes)

/** For what takes back, or has to come to its end. */
const uninterrupted = ({ machine, netns, firewall }: ForwardingPlace): ForwardingPlace => ({
  machine,
  netns,
  firewall,
})
