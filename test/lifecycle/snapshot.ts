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
  await settle(namespace)
  const show = async (...args: string[]): Promise<unknown> =>
    withoutChance(await namespace.ip('-j', ...args))
  return {
    links: await show('link'),
    addresses: await show('address'),
    routes: [
      await show('-4', 'route', 'show', 'table', 'all'),
      await show('-6', 'route', 'show', 'table', 'all'),
    ],
    rules: [await show('-4', 'rule'), await show('-6', 'rule')],
    firewall: withoutMadeUp(await namespace.run('nft', 'list', 'ruleset')),
    iptables: [await namespace.run('iptables-save'), await namespace.run('ip6tables-save')],
    validMarks: await namespace.run('sysctl', '-n', 'net.ipv4.conf.all.src_valid_mark'),
  }
}

/** The kernel takes a moment before it counts an IPv6 address in, even where it checks nothing. */
async function settle(namespace: TestNamespace): Promise<void> {
  while ((await namespace.ip('-6', '-j', 'address')).includes('"tentative"')) await sleep(10)
}

/** The system makes up the link-local address of a tun link; it means nothing. */
function withoutMadeUp(text: string): string {
  return text.replace(/fe80:(?::[0-9a-f]{1,4}){1,4}(?=[" /])/g, 'fe80::')
}

function withoutChance(text: string): unknown {
  return JSON.parse(withoutMadeUp(text === '' ? '[]' : text))
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
