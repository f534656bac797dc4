import { setTimeout as sleep } from 'node:timers/promises'
import type { Link, Route } from '@wgctrl/netlink'
import { type Device, type DeviceKind, WireGuardError } from '@wgctrl/types'
import type { InterfaceContext } from './context.js'
import { findOwnPairs } from './default-route.js'
import { type FirewallChoice, type FoundFirewall, findFirewall } from './firewall.js'
import { findDeadPairs } from './firewall-mark.js'
import { findForwarding } from './forwarding.js'
import { findLink, kindOf } from './link.js'
import type { Machine, Rtnl } from './machine.js'
import type { RulePair } from './policy-rule.js'
import { listDeadStandbys, listStandbys } from './standby-route.js'

/** What there is of an interface, whoever made it and whatever of it has died. */
export interface FoundInterface {
  readonly link: Link | undefined
  /** Absent: there is no link, and so no device. */
  readonly kind: DeviceKind | undefined
  /** Its daemon is there, and does not answer. */
  readonly isHung: boolean
  /** Absent: there is none, or it does not answer. */
  readonly device: Device | undefined
  readonly firewall: readonly FoundFirewall[]
  /** Whether there are rules of it for packets of others. */
  readonly forwards: boolean
  /** The rules of its default route. */
  readonly pairs: readonly RulePair[]
  /** Routes that a `reconcile` has left that was killed; also for links that are gone. */
  readonly standbys: readonly Route[]
}

export interface InterfaceSearch {
  readonly context: InterfaceContext
  readonly machine: Machine
  readonly rtnl: Rtnl
  readonly name: string
  /** Whether rules for a default route can be its own. */
  readonly hasRules: boolean
  /** The mark that its config gives it; absent: none. */
  readonly mark: number | undefined
  readonly firewall: FirewallChoice
  readonly signal: AbortSignal | undefined
  readonly timeout: number | undefined
}

/** No daemon serves it; or, where there are no userspace devices or the facade was opened without, none could. */
const NOBODY = new Set(['ENODEV', 'EUNSUPPORTED', 'ENOBACKEND'])

/** Milliseconds until a daemon that says nothing at all counts as dead. */
const ANSWER_TIME = 3000

/** Milliseconds that the link of a daemon that was killed stays. */
const LINK_GRACE = 2000

/** Milliseconds between two looks at a link. */
const POLL_INTERVAL = 10

/** @throws {WireGuardError} `ENOTWIREGUARD` */
export async function findInterface(search: InterfaceSearch): Promise<FoundInterface> {
  const { context, machine, name, signal } = search
  const found = await findDevice(search)
  const place = { machine, netns: context.netns, signal }
  const firewall = await findFirewall(name, place, search.firewall)
  const marks = firewall.map(({ mark }) => mark)
  const pairs = await findPairs(search, found.link, [found.device?.firewallMark, ...marks])
  const standbys = await findStandbys(search, found.link)
  const forwarding = await findForwarding(name, { ...place, firewall: search.firewall })
  return { ...found, firewall, forwards: forwarding !== undefined, pairs, standbys }
}

type FoundDevice = Omit<FoundInterface, 'firewall' | 'forwards' | 'pairs' | 'standbys'>

const NOTHING: FoundDevice = { link: undefined, kind: undefined, isHung: false, device: undefined }

async function findDevice(search: InterfaceSearch): Promise<FoundDevice> {
  const { context, rtnl, name, signal, timeout } = search
  const link = await findLink(rtnl, name)
  if (!link) return NOTHING
  const kind = kindOf(link)
  if (kind === undefined) throw foreign(name)
  const hung: FoundDevice = { link, kind, isHung: true, device: undefined }
  try {
    if (kind === 'userspace' && (await askDaemon(search)) === 'hung') return hung
    const device = await context.wg.device(name, { signal, timeout, backend: kind })
    return { link, kind, isHung: false, device }
  } catch (error) {
    const code = error instanceof WireGuardError ? error.code : ''
    if (kind === 'userspace' && code === 'ETIMEDOUT') return hung
    // It may have died at this very moment, or have been killed a moment ago.
    if (code !== 'EPERM' && (await isLinkGone(search))) return NOTHING
    throw NOBODY.has(code) ? foreign(name) : error
  }
}

/**
 * Asks a userspace daemon for a sign of life.
 *
 * @throws what the backend throws, such as `ECONNREFUSED` for a socket that nobody listens on
 */
export async function askDaemon({
  context,
  name,
  signal,
  timeout = ANSWER_TIME,
}: Pick<InterfaceSearch, 'context' | 'name' | 'signal' | 'timeout'>): Promise<'alive' | 'hung'> {
  const call = { signal, timeout: Math.min(timeout, ANSWER_TIME), backend: 'userspace' } as const
  try {
    // The first peer is enough, however many there are.
    for await (const { presharedKey } of context.wg.peers(name, call)) {
      presharedKey?.wipe()
      break
    }
    return 'alive'
  } catch (error) {
    if (error instanceof WireGuardError && error.code === 'ETIMEDOUT') return 'hung'
    throw error
  }
}

async function isLinkGone({ rtnl, name }: InterfaceSearch): Promise<boolean> {
  const end = performance.now() + LINK_GRACE
  while (await findLink(rtnl, name)) {
    if (performance.now() > end) return false
    await sleep(POLL_INTERVAL)
  }
  return true
}

function foreign(device: string): WireGuardError {
  const text = `${device} is not a WireGuard interface`
  return new WireGuardError(text, { code: 'ENOTWIREGUARD', operation: 'down', device })
}

async function findPairs(
  { context: { wg }, rtnl, name, hasRules, mark, signal }: InterfaceSearch,
  link: Link | undefined,
  known: readonly (number | undefined)[],
): Promise<RulePair[]> {
  if (!hasRules) return []
  const marks = [mark, ...known].flatMap((each) => each || [])
  const own = await findOwnPairs(rtnl, link?.index, marks, signal)
  return link || marks.length > 0 ? own : await findDeadPairs({ name, rtnl, wg, signal })
}

async function findStandbys(
  { rtnl, signal }: InterfaceSearch,
  link: Link | undefined,
): Promise<Route[]> {
  const own = link ? await listStandbys(rtnl, link.index, signal) : []
  return [...own, ...(await listDeadStandbys(rtnl, signal))]
}
