import { networkInterfaces } from 'node:os'
import { type DeviceConfig, isNamed, parseEndpoint, WireGuardError } from '@wgctrl/types'
import type { Machine, Rtnl } from '../interface/machine.js'
import { thisMachine } from '../interface/this-machine.js'
import type { InterfaceIndex } from './endpoint.js'

/** Where the links are. */
export interface LinkPlace {
  /** Absent: that of this process. */
  readonly machine?: Machine | undefined
  /** Absent: that of this process. */
  readonly netns?: string | number | undefined
}

/**
 * The indexes of the links that the scopes of endpoints name, as the kernel has them in the namespace of the
 * devices: what is written goes by them too. A name that no link has stays a name. Readings have names as well:
 * wireguard-go shows a scope as it was given, and by name once it has heard from there.
 */
export async function scopeIndexes(
  configs: readonly Pick<DeviceConfig, 'peers'>[],
  { machine = thisMachine, netns }: LinkPlace,
): Promise<InterfaceIndex> {
  const names = new Set(configs.flatMap(scopeNames))
  if (names.size === 0) return () => undefined
  if (process.platform !== 'linux' && machine === thisMachine) return indexHere
  await using rtnl = await machine.openRtnl(netns)
  const indexes = new Map<string, number>()
  for (const name of names) {
    const index = await linkIndex(rtnl, name)
    if (index !== undefined) indexes.set(name, index)
  }
  return (name) => indexes.get(name)
}

async function linkIndex(rtnl: Rtnl, name: string): Promise<number | undefined> {
  try {
    return (await rtnl.link(name)).index
  } catch (error) {
    if (error instanceof WireGuardError && error.code === 'ENODEV') return undefined
    throw error
  }
}

function scopeNames({ peers }: Pick<DeviceConfig, 'peers'>): string[] {
  const names = new Set<string>()
  if (!Array.isArray(peers)) return []
  for (const peer of peers) {
    const scope = scopeOf(peer?.endpoint)
    if (scope !== undefined) names.add(scope)
  }
  return [...names]
}

function scopeOf(endpoint: unknown): string | undefined {
  if (typeof endpoint === 'string') {
    if (!endpoint.includes('%')) return undefined
    try {
      const parsed = parseEndpoint(endpoint)
      return isNamed(parsed) ? undefined : textOf(parsed.scopeId)
    } catch {
      // What is wrong with it is said where the config is checked.
      return undefined
    }
  }
  return textOf((endpoint as { scopeId?: unknown } | null | undefined)?.scopeId)
}

const textOf = (scope: unknown): string | undefined =>
  typeof scope === 'string' && scope !== '' ? scope : undefined

/** The scope of an interface's link-local addresses is its index (RFC 4007). */
function indexHere(name: string): number | undefined {
  const all = networkInterfaces()
  const addresses = Object.hasOwn(all, name) ? all[name] : undefined
  return addresses?.find(({ scopeid = 0 }) => scopeid > 0)?.scopeid
}
