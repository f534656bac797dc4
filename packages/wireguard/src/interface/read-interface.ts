import { type Route, RT_TABLE } from '@wgctrl/netlink'
import {
  type CallOptions,
  checkFields,
  checkInterfaceName,
  type Device,
  type DeviceKind,
  unsupported,
  WireGuardError,
} from '@wgctrl/types'
import { containsNetwork } from '../addresses/network.js'
import { CLIENT_OPTIONS } from '../option-fields.js'
import { deviceSettings } from '../to-config.js'
import { checkContext, type InterfaceContext } from './context.js'
import { currentConfig } from './current.js'
import { findForwarding } from './forwarding.js'
import { forwardingSettings } from './forwarding-rules.js'
import type { InterfaceConfig } from './interface-config.js'
import { findLink, kindOf } from './link.js'
import { ELSEWHERE, type Machine, machineOf } from './machine.js'
import { listRoutes } from './system.js'
import { thisMachine } from './this-machine.js'

/**
 * An interface as it is now, whoever made it: a config with which `up` makes the same. The device, its addresses, the
 * MTU, and where the routes to its peers are; forwarding and NAT that `up` made; name servers where the system tells whose they are. Hooks and names in
 * endpoints are known to its file alone. Of a device that is no interface here, the device alone. Secrets included:
 * they belong to the caller.
 *
 * @throws {WireGuardError} `EUNSUPPORTED` for a client of `connect`; `ENODEV`, `ENOTWIREGUARD`, `EPERM`, …
 * @example
 * ```ts
 * const text = formatInterfaceConfig(await readInterface({ wg }, 'wg0'))
 * ```
 */
export async function readInterface(
  context: Pick<InterfaceContext, 'netns'> & {
    readonly wg: Pick<InterfaceContext['wg'], 'device'>
  },
  name: string,
  options: CallOptions & { readonly backend?: DeviceKind | undefined } = {},
): Promise<InterfaceConfig> {
  checkFields(options, 'options', CLIENT_OPTIONS)
  checkInterfaceName(name)
  checkContext(context)
  const { wg, netns } = context
  if (ELSEWHERE in wg) {
    throw unsupported('readInterface', 'the interface is on the server: read it in a program there')
  }
  const device = await wg.device(name, options)
  return (
    (await readLink(device, netns, machineOf(wg) ?? thisMachine)) ?? {
      name: device.name,
      ...deviceSettings(device),
    }
  )
}

/** @returns `undefined`: no link here is the device's */
async function readLink(
  device: Device,
  netns: InterfaceContext['netns'],
  machine: Machine,
): Promise<InterfaceConfig | undefined> {
  if (process.platform !== 'linux' && machine === thisMachine) return undefined
  try {
    await using rtnl = await machine.openRtnl(netns)
    const link = await findLink(rtnl, device.name)
    if (!link || kindOf(link) !== device.kind) return undefined
    const { index, mtu } = link
    const current = await currentConfig({ rtnl, index, machine, netns, device, base: { mtu } })
    const { addresses = [] } = current
    const table = tableOf(await listRoutes(rtnl, { link: index }), device, addresses)
    const found = await findForwarding(device.name, { machine, netns, firewall: 'auto' })
    return {
      ...current,
      ...(table !== undefined && { table }),
      ...(found && forwardingSettings(found, addresses)),
    }
  } catch (error) {
    // Where netlink is out of reach, devices are all that can be seen.
    if (error instanceof WireGuardError && error.code === 'EUNSUPPORTED') return undefined
    throw error
  }
}

/**
 * What `table` makes these routes.
 *
 * @returns `undefined`: `auto` does, or nothing that `table` says would
 */
function tableOf(
  routes: readonly Route[],
  { peers, firewallMark }: Device,
  addresses: readonly string[],
): InterfaceConfig['table'] {
  const networks = new Set(peers.flatMap(({ allowedIPs }) => allowedIPs))
  const tables = new Set(
    routes
      .filter(({ destination }) => networks.has(destination))
      // The table of a default route is called as its mark is.
      .map(({ destination, table }) =>
        destination.endsWith('/0') && table === firewallMark ? RT_TABLE.main : table,
      ),
  )
  const [table] = tables
  if (tables.size === 1) return table === RT_TABLE.main ? undefined : table
  // With an address comes a route to its network.
  const isRouted = (network: string): boolean =>
    addresses.some((address) => containsNetwork(address, network))
  return tables.size === 0 && ![...networks].every(isRouted) ? 'off' : undefined
}
