import { addressAttributes } from '@wgctrl/netlink'
import type { Device } from '@wgctrl/types'
import { deviceSettings } from '../to-config.js'
import { listDns } from './dns.js'
import type { InterfaceConfig, InterfaceSettings } from './interface-config.js'
import type { Machine, Rtnl } from './machine.js'
import type { Namespace } from './namespace.js'

/** @source linux/if_addr.h, IFA_F_STABLE_PRIVACY: the kernel made the address, by RFC 7217 */
const STABLE_PRIVACY = addressAttributes.fields.flags.masks.stablePrivacy

export interface CurrentSources {
  readonly rtnl: Rtnl
  readonly machine: Machine
  readonly index: number
  readonly netns: Namespace | undefined
  readonly device: Device
  /** What the system does not know, such as hooks, and which fields were given at all. */
  readonly base: InterfaceSettings
}

/**
 * A config that would make the interface as it is now: what `saveConfig` saves. Addresses, the device,
 * and the MTU and name servers where the config had them, are those of the system.
 */
export async function currentConfig(sources: CurrentSources): Promise<InterfaceConfig> {
  const { rtnl, index, device, base } = sources
  // A tun link has an address that the kernel made up; the next one will have another.
  const addresses = (await rtnl.addresses({ index })).filter(
    ({ flags }) => !(flags & STABLE_PRIVACY),
  )
  const mtu = base.mtu === undefined ? undefined : (await rtnl.link(index)).mtu
  const dns = await currentDns(sources)
  return {
    name: device.name,
    addresses: addresses.map(({ address, prefixLength }) => `${address}/${prefixLength}`),
    ...(dns && { dns }),
    ...(mtu !== undefined && { mtu }),
    ...(base.table !== undefined && { table: base.table }),
    ...(base.hooks && { hooks: base.hooks }),
    ...(base.forward !== undefined && { forward: base.forward }),
    ...(base.nat && { nat: base.nat }),
    ...(base.betweenClients !== undefined && { betweenClients: base.betweenClients }),
    ...(base.saveConfig !== undefined && { saveConfig: base.saveConfig }),
    ...deviceSettings(device),
  }
}

async function currentDns({
  device,
  machine,
  netns,
  base,
}: CurrentSources): Promise<InterfaceSettings['dns']> {
  const text = await listDns(device.name, { machine, netns })
  if (text === undefined) return base.dns
  const servers = Array.from(text.matchAll(/^nameserver\s+(\S+)$/gm), (match) => match[1] ?? '')
  const search = /^search\s+(.+)$/m.exec(text)?.[1]?.trim().split(/\s+/) ?? []
  return { servers, search }
}
