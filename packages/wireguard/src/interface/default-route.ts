import type { Route } from '@wgctrl/netlink'
import { type Family, WireGuardError } from '@wgctrl/types'
import type { InterfaceHandle } from './context.js'
import { addFirewall, type FirewallChoice, hasFirewall } from './firewall.js'
import type { Rtnl } from './machine.js'
import {
  localRule,
  markRule,
  nextPriority,
  type OwnRule,
  type RulePair,
  rulePairs,
  withoutPairs,
} from './policy-rule.js'
import { validateMarks } from './sysctl.js'
import { listRules } from './system.js'
import type { Transaction } from './transaction.js'
import type { InterfaceWarning } from './warning.js'

export const ANYWHERE = { 4: '0.0.0.0/0', 6: '::/0' } as const

/** A default route in the table of a mark. */
export const isDefaultOf = (route: Route, mark: number): boolean =>
  mark !== 0 && route.table === mark && route.destination.endsWith('/0')

/** Where a family's default route leads into the tunnel: its mark, and the number of a table. */
export interface DefaultRoute {
  readonly family: Family
  readonly mark: number
}

/**
 * Sends a family's default route through the tunnel, without touching the one that is there:
 *
 * - The route goes into a table of its own, whose number is also the mark on the tunnel's own packets.
 * - All packets without that mark look into that table…
 * - …after they looked into the main table for anything but a default route, so that the local network
 *   stays in reach. This rule has to stand before the other.
 */
export async function addDefaultRoute(
  transaction: Transaction,
  handle: InterfaceHandle,
  route: DefaultRoute,
): Promise<void> {
  await addTableRoute(transaction, handle, route)
  await addRules(transaction, handle, route)
}

export async function addTableRoute(
  transaction: Transaction,
  { index, rtnl, signal }: InterfaceHandle,
  { family, mark }: DefaultRoute,
): Promise<void> {
  const destination = ANYWHERE[family]
  const step = `add the route ${destination} to table ${mark}`
  const change = { kind: 'route-added', destination, table: mark } as const
  await transaction.step({ step, change }, async () => {
    // The route goes with its link, as the mark does with its device.
    await rtnl.addRoute({ destination, link: index, table: mark }, { signal })
  })
}

/**
 * Of two rules of one priority the kernel puts the later one behind. Where other rules leave no room above
 * priority 0, the one for local networks comes first.
 *
 * @param leaving pairs that go once these are there: theirs are the places of these
 */
export async function addRules(
  transaction: Transaction,
  { rtnl, signal }: InterfaceHandle,
  { family, mark }: DefaultRoute,
  leaving: readonly RulePair[] = [],
): Promise<void> {
  const rules = await rtnl.rules({ family }, { signal })
  const priority = nextPriority(withoutPairs(rules, leaving))
  const addLocal = (): Promise<void> =>
    addRule(
      transaction,
      rtnl,
      `add the IPv${family} rule for local networks`,
      localRule(family, Math.max(0, priority - 1)),
    )
  if (priority === 0) await addLocal()
  const step = `add the IPv${family} rule for packets without mark ${mark}`
  await addRule(transaction, rtnl, step, markRule(family, mark, priority), () => {
    // The kernel takes the same rule twice; then nobody could tell which one is ours.
    if (rulePairs(rules, mark).length === 0) return
    throw new WireGuardError('there is such a rule already', { code: 'EEXIST' })
  })
  if (priority > 0) await addLocal()
}

async function addRule(
  transaction: Transaction,
  rtnl: Rtnl,
  step: string,
  rule: OwnRule,
  check?: () => void,
): Promise<void> {
  const { family, firewallMark } = rule
  const mark = firewallMark === undefined ? {} : { mark: firewallMark }
  const change = { kind: 'rule-added', family, ...mark } as const
  await transaction.step(
    { step, change },
    async () => {
      check?.()
      await rtnl.addRule(rule, { repeat: true })
      return () => rtnl.deleteRule(rule)
    },
    async () => check?.(),
  )
}

/** Puts the rule for local networks where it belongs; at no moment is there none for the mark. */
export async function completeRules(
  transaction: Transaction,
  { rtnl, signal }: InterfaceHandle,
  { family, mark, priority, localPriority, isOrdered }: RulePair,
): Promise<void> {
  if (isOrdered) return
  await transaction.step(`put the IPv${family} rule for local networks first`, async () => {
    const add = (rule: OwnRule) => rtnl.addRule(rule, { signal, repeat: true })
    const remove = (rule: OwnRule) => rtnl.deleteRule(rule, { signal })
    if (priority > 0) {
      await add(localRule(family, priority - 1))
      if (localPriority !== undefined) await remove(localRule(family, localPriority))
      return
    }
    await add(markRule(family, mark, 1))
    await remove(markRule(family, mark, 0))
    if (localPriority === undefined) await add(localRule(family, 0))
    await add(markRule(family, mark, 0))
    await remove(markRule(family, mark, 1))
  })
}

const NO_NF_TABLES = 'this kernel has no nf_tables'

const NO_FIREWALL: Readonly<Record<FirewallChoice, string>> = {
  auto: `${NO_NF_TABLES}, and iptables-restore is not installed`,
  netlink: NO_NF_TABLES,
  nft: 'nft is not installed',
  iptables: 'iptables-restore is not installed',
  off: 'none are wanted',
}

/** What guards the tunnel of a default route. */
export async function addGuards(
  transaction: Transaction,
  { name, index, rtnl, machine, netns, signal }: InterfaceHandle,
  { family, mark }: DefaultRoute,
  choice: FirewallChoice,
  warn: (warning: InterfaceWarning) => void,
): Promise<void> {
  const missing = (): void => {
    const message = `${NO_FIREWALL[choice]}: there are no anti-spoofing rules`
    warn({ code: 'ENOFIREWALL', message })
  }
  await transaction.step(
    {
      step: `add the IPv${family} firewall rules`,
      ...(choice !== 'off' && { change: { kind: 'firewall-added', family } }),
    },
    async () => {
      if (choice === 'off') return
      const addresses = (await rtnl.addresses({ index, family })).map(({ address }) => address)
      const undo = await addFirewall(
        choice,
        { name, family, mark, addresses },
        { machine, netns, signal },
      )
      if (undo) return undo
      missing()
    },
    async () => {
      if (choice !== 'off' && !(await hasFirewall(choice, { machine, netns }))) missing()
    },
  )
  if (family === 4) {
    const change = {
      kind: 'setting-switched-on',
      setting: 'net.ipv4.conf.all.src_valid_mark',
    } as const
    await transaction.step({ step: 'let marks count in reverse path checks', change }, () =>
      validateMarks({ machine, netns }),
    )
  }
}

/**
 * The pairs that belong to a link: those whose table leads into it, and of some marks those whose table
 * leads nowhere any more. A table that leads elsewhere is another tunnel's, whatever its number.
 *
 * @param link absent: the link is gone
 * @param marks those that the tunnel is known to have, or to have had
 */
export async function findOwnPairs(
  rtnl: Rtnl,
  link: number | undefined,
  marks: readonly number[],
  signal: AbortSignal | undefined,
): Promise<RulePair[]> {
  const own: RulePair[] = []
  for (const pair of rulePairs(await listRules(rtnl, signal))) {
    const { family, mark: table } = pair
    const routes = await rtnl.routes({ family, table }, { signal })
    const links = new Set(routes.flatMap((route) => route.link ?? []))
    const isOwn = links.size === 0 ? marks.includes(table) : link !== undefined && links.has(link)
    if (isOwn) own.push(pair)
  }
  return own
}

/** Removes both; what is not there any more counts as removed. */
export async function removePair(
  rtnl: Rtnl,
  { family, mark, priority, localPriority }: RulePair,
  signal: AbortSignal | undefined,
): Promise<void> {
  const remove = (rule: OwnRule): Promise<void> =>
    rtnl.deleteRule(rule, { signal }).catch((error: unknown) => {
      if (!(error instanceof WireGuardError) || error.code !== 'ENOENT') throw error
    })
  await remove(markRule(family, mark, priority))
  if (localPriority !== undefined) await remove(localRule(family, localPriority))
}
