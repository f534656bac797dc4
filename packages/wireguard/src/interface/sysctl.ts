import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { type Family, WireGuardError } from '@wgctrl/types'
import { type Namespace, runInNamespace } from './namespace.js'
import type { Undo } from './transaction.js'

/**
 * Packets that come back through the tunnel are checked against the way by which an answer with their
 * mark would leave. @source kernel, Documentation/networking/ip-sysctl.rst, src_valid_mark
 */
const SRC_VALID_MARK = '/proc/sys/net/ipv4/conf/all/src_valid_mark'

/** Switches it on. */
export function validateMarks(netns: Namespace | undefined): Promise<Undo | undefined> {
  return runInNamespace(netns, () => {
    const before = readFileSync(SRC_VALID_MARK, 'latin1')
    if (before.trim() === '1') return undefined
    writeFileSync(SRC_VALID_MARK, '1')
    return () => runInNamespace(netns, () => writeFileSync(SRC_VALID_MARK, before))
  })
}

/** @source kernel, Documentation/networking/ip-sysctl.rst, ip_forward and conf/all/forwarding */
const FORWARDING = {
  4: '/proc/sys/net/ipv4/ip_forward',
  6: '/proc/sys/net/ipv6/conf/all/forwarding',
} as const

/** Whether packets of others are passed on. @throws {WireGuardError} `EAFNOSUPPORT` on a kernel without IPv6 */
export function isForwarding(family: Family, netns: Namespace | undefined): Promise<boolean> {
  return runInNamespace(netns, () => {
    if (existsSync(FORWARDING[family])) return readSetting(FORWARDING[family]) !== '0'
    throw new WireGuardError(`this kernel has no IPv${family}`, { code: 'EAFNOSUPPORT' })
  })
}

/** On all links, those that come too. */
export async function setForwarding(
  family: Family,
  on: boolean,
  netns: Namespace | undefined,
): Promise<void> {
  await runInNamespace(netns, () => writeFileSync(FORWARDING[family], on ? '1' : '0'))
}

const IPV6_LINKS = '/proc/sys/net/ipv6/conf'

/**
 * A machine that forwards takes no routes from router advertisements, and drops the default routes that it has from
 * them, unless a link says 2. Those that say 1 are made to: without forwarding both mean the same.
 *
 * @source kernel, Documentation/networking/ip-sysctl.rst, accept_ra; net/ipv6/route.c, rt6_purge_dflt_routers
 */
export async function keepAdvertisedRoutes(netns: Namespace | undefined): Promise<void> {
  await runInNamespace(netns, () => {
    for (const link of readdirSync(IPV6_LINKS)) {
      const file = `${IPV6_LINKS}/${link}/accept_ra`
      if (readSetting(file) === '1') writeFileSync(file, '2')
    }
  })
}

const readSetting = (file: string): string => readFileSync(file, 'latin1').trim()
