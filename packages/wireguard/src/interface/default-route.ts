import { RT_TABLE, type Rtnl, type Rule } from '@wgctrl/netlink'
import { type Family, WireGuardError } from '@wgctrl/types'
import type { InterfaceHandle } from './context.js'
import { addFirewall, type FirewallChoice } from './firewall.js'
import { validateMarks } from './sysctl.js'
import { listRoutes, listRules } from './system.js'
import type { Transaction, Undo } from './transaction.js'
import type { InterfaceWarning } from './warning.js'

/** Where the search for a free table begins. @source wg-quick(8) */
const FIRST_TABLE = 51820

const ANYWHERE = { 4: '0.0.0.0/0', 6: '::/0' } as const

/**
 * Sends a family's default route through the tunnel, without touching the one that is there:
 *
 * - The route goes into a table of its own, whose number is also the mark on the tunnel's own packets.
 * - All packets without that mark look into that table…
 * - …after they looked into the main table for anything but a default route, so that the local network
 *   stays in reach. This rule has to stand before the other.
 *
 * @param mark the device's firewall mark
 */
export async function addDefaultRoute(
  transaction: Transaction,
  handle: InterfaceHandle,
  family: Family,
  mark: number,
  firewall: FirewallChoice,
  warn: (warning: InterfaceWarning) => void,
): Promise<void> {
  const { name, index, rtnl, netns, signal } = handle
  let priority = 0
  await transaction.step(`add the IPv${family} rule for packets without mark ${mark}`, async () => {
    await refuseTaken(rtnl, family, mark)
    await rtnl.addRule(markRule(family, mark), { signal })
    const added = (await rtnl.rules({ family })).find((rule) => isMarkRule(rule, mark))
    priority = added?.priority ?? 0
    return removeRule(rtnl, { ...markRule(family, mark), priority })
  })
  await transaction.step(`add the IPv${family} rule for local networks`, async () => {
    // The priority makes it ours even where another program has the same rule.
    const rule = { ...localRule(family), priority: priority - 1 }
    await rtnl.addRule(rule, { signal })
    return removeRule(rtnl, rule)
  })
  await transaction.step(`add the route ${ANYWHERE[family]} to table ${mark}`, async () => {
    // The route goes with its link, as the mark does with its device.
    const route = { destination: ANYWHERE[family], link: index, table: mark }
    await rtnl.addRoute(route, { signal })
  })
  await transaction.step(`add the IPv${family} firewall rules`, async () => {
    if (firewall === 'off') return
    const addresses = (await rtnl.addresses({ index, family })).map(({ address }) => address)
    const rules = { name, family, mark, addresses }
    const undo = await addFirewall(firewall, rules, { netns, signal })
    if (undo) return undo
    const message =
      'neither nft nor iptables-restore is installed: there are no anti-spoofing rules'
    warn({ code: 'ENOFIREWALL', message })
  })
  if (family === 4) {
    await transaction.step('let marks count in reverse path checks', () => validateMarks(netns))
  }
}

/** The kernel takes the same rule twice; then nobody could tell which one is ours. */
async function refuseTaken(rtnl: Rtnl, family: Family, mark: number): Promise<void> {
  const rules = await rtnl.rules({ family })
  if (!rules.some((rule) => isMarkRule(rule, mark))) return
  throw new WireGuardError('there is such a rule already', { code: 'EEXIST' })
}

/** The device's mark, or a new one: the number of a table that nobody uses. */
export async function ensureMark(
  transaction: Transaction,
  handle: InterfaceHandle,
  current: number,
): Promise<number> {
  if (current !== 0) return current
  const { name, wg, rtnl, call } = handle
  let mark = 0
  await transaction.step('choose a routing table and a firewall mark', async () => {
    mark = await findFreeTable(rtnl)
    await wg.configure(name, { firewallMark: mark }, call)
  })
  return mark
}

/** The first table from 51820 on that has no routes and that no rule looks into. */
export async function findFreeTable(rtnl: Rtnl): Promise<number> {
  const rules = await listRules(rtnl)
  const taken = new Set(rules.flatMap(({ table, firewallMark }) => [table, firewallMark]))
  for (const { table } of await listRoutes(rtnl)) taken.add(table)
  let table = FIRST_TABLE
  while (taken.has(table)) table++
  return table
}

/** The rules that send a family through the tunnel with that mark, those of {@link addDefaultRoute}. */
function ownRules(rules: readonly Rule[], mark: number): Rule[] {
  return rules.flatMap((rule) => {
    if (!isMarkRule(rule, mark)) return []
    const before = (rule.priority ?? 0) - 1
    const local = rules.find(
      (other) => other.priority === before && other.family === rule.family && isLocalRule(other),
    )
    return local ? [rule, local] : [rule]
  })
}

/** Removes them. @param only of this family; absent: of both */
export async function removeRules(
  rtnl: Rtnl,
  mark: number,
  signal?: AbortSignal,
  only?: Family,
): Promise<void> {
  for (const rule of ownRules(await listRules(rtnl, signal), mark)) {
    const { family, priority } = rule
    if (only !== undefined && family !== only) continue
    const same = isMarkRule(rule, mark) ? markRule(family, mark) : localRule(family)
    await rtnl.deleteRule({ ...same, priority }, { signal })
  }
}

const markRule = (family: Family, mark: number) => ({
  family,
  invert: true,
  firewallMark: mark,
  table: mark,
})

const localRule = (family: Family) => ({ family, table: RT_TABLE.main, suppressPrefixLength: 0 })

const removeRule =
  (rtnl: Rtnl, rule: Parameters<Rtnl['deleteRule']>[0]): Undo =>
  () =>
    rtnl.deleteRule(rule)

export function isMarkRule(rule: Rule, mark: number): boolean {
  return rule.invert && rule.firewallMark === mark && rule.table === mark && isUnselective(rule)
}

const isLocalRule = (rule: Rule): boolean =>
  !rule.invert &&
  rule.table === RT_TABLE.main &&
  rule.suppressPrefixLength === 0 &&
  rule.firewallMark === undefined &&
  isUnselective(rule)

const isUnselective = ({ from, to, inputLink, outputLink }: Rule): boolean =>
  [from, to, inputLink, outputLink].every((selector) => selector === undefined)
