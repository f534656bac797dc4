import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { run } from './command.js'
import type { TestNamespace } from './namespace.js'

/** What programs show of a namespace. */
export interface Snapshot {
  readonly links: unknown
  readonly addresses: unknown
  readonly routes: unknown
  readonly rules: unknown
  readonly firewall: string
  readonly iptables: readonly string[]
  readonly validMarks: string
}

export async function snapshot(namespace: TestNamespace): Promise<Snapshot> {
  const [links, addresses] = await settled(namespace)
  const list = (family: string): Promise<unknown[]> =>
    namespace.batch([family, '-j'], 'route show table all', 'rule').then(listsOf)
  const [[routes, rules], [routes6, rules6]] = [await list('-4'), await list('-6')]
  const texts = (await namespace.run('sh', '-c', shown)).split('=====\n')
  const [firewall = '', iptables = '', ip6tables = '', validMarks = ''] = texts
  return {
    links,
    addresses,
    routes: [routes, routes6],
    rules: [rules, rules6],
    firewall: withoutMadeUp(firewall),
    iptables: [iptables, ip6tables].map(withoutTime),
    validMarks,
  }
}

const shown = `set -e
nft list ruleset; echo =====
iptables-save; echo =====
ip6tables-save; echo =====
cat /proc/sys/net/ipv4/conf/all/src_valid_mark
`

/** Comments tell when it was asked. */
const withoutTime = (text: string): string => text.replace(/^#.*\n/gm, '')

/** The kernel takes a moment before it counts an IPv6 address in, even where it checks nothing. */
async function settled(namespace: TestNamespace): Promise<unknown[]> {
  for (;;) {
    const text = await namespace.batch(['-j'], 'link', 'address')
    if (!text.includes('"tentative"')) return listsOf(text)
    await sleep(10)
  }
}

/** A line of JSON per command; nothing where there is nothing, as ip(8) has it for routes of a family. */
function listsOf(text: string): unknown[] {
  return withoutMadeUp(text)
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line || '[]'))
}

/** The system makes up the link-local address of a tun link; it means nothing. */
function withoutMadeUp(text: string): string {
  return text.replace(/fe80:(?::[0-9a-f]{1,4}){1,4}(?=[" /])/g, 'fe80::')
}

/** A device as wg(8) shows it, peers in an order of their own. */
export async function showConf(namespace: TestNamespace, name: string): Promise<string[]> {
  const text = await namespace.run('wg', 'showconf', name)
  const [device = '', ...peers] = text.split('[Peer]')
  return [device, ...peers.sort()].map((part) => part.trim())
}

/** The processes that serve devices, and what this process has open. */
export async function leftovers(): Promise<{ daemons: string[]; descriptors: number }> {
  const daemons: string[] = []
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const command = await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '')
    if (/^[^\0]*wireguard-go\0/.test(command)) daemons.push(command.replaceAll('\0', ' ').trim())
  }
  const sockets = await readdir('/var/run/wireguard').catch(() => [])
  const descriptors = (await readdir('/proc/self/fd')).length
  return { daemons: [...daemons, ...sockets].sort(), descriptors }
}

/** What kinds of device this machine can make. */
export async function kernelHasWireGuard(): Promise<boolean> {
  const probe = 'wgctrl-probe'
  try {
    await run('ip', 'link', 'add', probe, 'type', 'wireguard')
    await run('ip', 'link', 'delete', probe)
    return true
  } catch {
    return false
  }
}
