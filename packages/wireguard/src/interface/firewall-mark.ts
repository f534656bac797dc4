import type { Link, Rule } from '@wgctrl/netlink'
import { Deadline, WireGuardError, wipeDevice } from '@wgctrl/types'
import type { DeviceCalls, InterfaceHandle } from './context.js'
import { removePair } from './default-route.js'
import { KERNEL_KINDS, kindOf } from './link.js'
import type { Rtnl } from './machine.js'
import { isMarkRule, type RulePair, rulePairs } from './policy-rule.js'
import { listRoutes, listRules } from './system.js'
import type { Transaction } from './transaction.js'

/** Where the search for a free table begins. @source wg-quick(8) */
export const FIRST_TABLE = 51820

/** Keeps all others in the network namespace from choosing a table, in this process and in others. */
export class TablesClaim implements Disposable {
  #lock: Disposable | undefined

  /** Waits until nobody else has it. @throws {WireGuardError} `EBUSY` when the time is up */
  async make({
    machine,
    netns,
    call,
  }: Pick<InterfaceHandle, 'machine' | 'netns' | 'call'>): Promise<void> {
    using deadline = new Deadline(call)
    this.#lock = await machine.holdLock('routing tables', { netns, signal: deadline.signal })
  }

  [Symbol.dispose](): void {
    this.#lock?.[Symbol.dispose]()
  }
}

/** Where rules are looked at. */
type Surroundings = Pick<InterfaceHandle, 'name' | 'rtnl' | 'wg' | 'signal'>

/**
 * Makes a mark, which is the number of a table as well, the device's own: that which it has, or the first
 * from 51820 on that nobody uses. Rules that a tunnel left that is no more are removed.
 */
export async function claimMark(
  transaction: Transaction,
  handle: InterfaceHandle,
  current: number,
): Promise<number> {
  const { name, wg, rtnl, call, signal } = handle
  let mark = current
  const dead = await findDeadPairs(handle)
  if (current === 0) {
    const choose = async () => {
      mark = await findFreeTable(rtnl, dead)
    }
    await transaction.step(
      'choose a routing table and a firewall mark',
      async () => {
        await choose()
        await wg.configure(name, { firewallMark: mark }, call)
      },
      choose,
    )
  }
  for (const pair of dead.filter((one) => one.mark === mark && isWhole(one))) {
    await transaction.step(`remove the dead IPv${pair.family} rules for mark ${mark}`, () =>
      removePair(rtnl, pair, signal),
    )
  }
  return mark
}

/** Both rules of a pair, or the first where only we would look for a table: nobody else made that. */
const isWhole = ({ mark, localPriority }: RulePair): boolean =>
  localPriority !== undefined || mark >= FIRST_TABLE

/**
 * The first table from 51820 on that has no routes and that no rule looks into.
 *
 * @param dead pairs that do not count
 */
export async function findFreeTable(rtnl: Rtnl, dead: readonly RulePair[]): Promise<number> {
  const isDead = (rule: Rule): boolean =>
    isMarkRule(rule) &&
    dead.some((pair) => pair.family === rule.family && pair.mark === rule.table && isWhole(pair))
  const rules = (await listRules(rtnl)).filter((rule) => !isDead(rule))
  const taken = new Set(rules.flatMap(({ table, firewallMark }) => [table, firewallMark]))
  for (const { table } of await listRoutes(rtnl)) taken.add(table)
  let table = FIRST_TABLE
  while (taken.has(table)) table++
  return table
}

/**
 * The pairs that lead nowhere: their table is empty, and no other device has their mark. A tunnel leaves them
 * whose daemon died and that nobody took down. While a daemon does not say its mark, any may be its.
 */
export async function findDeadPairs(surroundings: Surroundings): Promise<RulePair[]> {
  const { rtnl, signal } = surroundings
  const candidates: RulePair[] = []
  for (const pair of rulePairs(await listRules(rtnl, signal))) {
    const { family, mark } = pair
    const routes = await rtnl.routes({ family, table: mark }, { signal })
    if (routes.length === 0) candidates.push(pair)
  }
  if (candidates.length === 0) return []
  const marks = await marksInUse(surroundings)
  return candidates.filter(({ mark }) => marks !== undefined && !marks.has(mark))
}

/** Of all devices but our own; `undefined`: one does not say its own. */
async function marksInUse({
  name,
  rtnl,
  wg,
  signal,
}: Surroundings): Promise<Set<number> | undefined> {
  const links: Link[] = []
  for (const kind of [...KERNEL_KINDS, 'tun']) {
    for (const link of await rtnl.links({ kind, brief: true }, { signal })) links.push(link)
  }
  const others = links.filter((link) => link.name !== name)
  const marks = await Promise.all(others.map((link) => markOf(link, wg, signal)))
  return marks.includes(undefined) ? undefined : new Set(marks as number[])
}

/** Milliseconds: a daemon that takes longer hangs. */
const ANSWER_TIME = 5000

/** No device, or one that no daemon serves any more. A tun link may be anybody's. */
const NOBODY = new Set(['ENODEV', 'ENOTWIREGUARD', 'ECONNREFUSED', 'EUNSUPPORTED', 'ENOBACKEND'])

/** 0: it has none. `undefined`: it does not say. */
async function markOf(
  link: Link,
  wg: DeviceCalls,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  const call = { backend: kindOf(link), signal, timeout: ANSWER_TIME }
  try {
    const device = await (wg.peek ? wg.peek(link.name, call) : wg.device(link.name, call))
    wipeDevice(device)
    return device.firewallMark
  } catch (error) {
    if (signal?.aborted || !(error instanceof WireGuardError)) throw error
    return NOBODY.has(error.code) ? 0 : undefined
  }
}
