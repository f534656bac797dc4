import { type Family, WireGuardError } from '@wgctrl/types'
import type { Place } from './machine.js'
import type { Undo } from './transaction.js'

/**
 * Packets that come back through the tunnel are checked against the way by which an answer with their
 * mark would leave. @source kernel, Documentation/networking/ip-sysctl.rst, src_valid_mark
 */
const SRC_VALID_MARK = 'net/ipv4/conf/all/src_valid_mark'

/** Switches it on. */
export async function validateMarks({ machine, netns }: Place): Promise<Undo | undefined> {
  const { settings } = machine
  const before = await settings.read(SRC_VALID_MARK, netns)
  if (before === undefined || before === '1') return undefined
  await settings.write(SRC_VALID_MARK, '1', netns)
  return () => settings.write(SRC_VALID_MARK, before, netns)
}

/** @source kernel, Documentation/networking/ip-sysctl.rst, ip_forward and conf/all/forwarding */
const FORWARDING = {
  4: 'net/ipv4/ip_forward',
  6: 'net/ipv6/conf/all/forwarding',
} as const

/** Whether packets of others are passed on. @throws {WireGuardError} `EAFNOSUPPORT` on a kernel without IPv6 */
export async function isForwarding(family: Family, { machine, netns }: Place): Promise<boolean> {
  const value = await machine.settings.read(FORWARDING[family], netns)
  if (value !== undefined) return value !== '0'
  throw new WireGuardError(`this kernel has no IPv${family}`, { code: 'EAFNOSUPPORT' })
}

/** On all links, those that come too. */
export async function setForwarding(
  family: Family,
  on: boolean,
  { machine, netns }: Place,
): Promise<void> {
  await machine.settings.write(FORWARDING[family], on ? '1' : '0', netns)
}

const IPV6_LINKS = 'net/ipv6/conf'

/**
 * A machine that forwards takes no routes from router advertisements, and drops the default routes that it has from
 * them, unless a link says 2. Those that say 1 are made to: without forwarding both mean the same.
 *
 * @source kernel, Documentation/networking/ip-sysctl.rst, accept_ra; net/ipv6/route.c, rt6_purge_dflt_routers
 */
export async function keepAdvertisedRoutes({ machine, netns }: Place): Promise<void> {
  const { settings } = machine
  for (const link of await settings.list(IPV6_LINKS, netns)) {
    const setting = `${IPV6_LINKS}/${link}/accept_ra`
    if ((await settings.read(setting, netns)) === '1') await settings.write(setting, '2', netns)
  }
}
