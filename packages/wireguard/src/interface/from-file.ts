import type { DeviceConfig } from '@wgctrl/types'
import type { InterfaceConfig } from './interface-config.js'

/** What a config file of wg-quick(8) says, as `toInterfaceConfig` of the config files gives it. */
export interface FileInterface {
  readonly addresses: readonly string[]
  readonly dns: readonly string[]
  readonly dnsSearch: readonly string[]
  readonly mtu?: number
  readonly table: 'auto' | 'off' | number | string
  readonly preUp: readonly string[]
  readonly postUp: readonly string[]
  readonly preDown: readonly string[]
  readonly postDown: readonly string[]
  readonly saveConfig: boolean
  readonly device: DeviceConfig
}

/**
 * A config file as a config for `up`. Its hooks become lines, which run only with `hooks: 'shell'`.
 *
 * @param name of the interface: as wg-quick(8) has it, the file's without `.conf`
 */
export function fromFile(name: string, file: FileInterface): InterfaceConfig {
  const { addresses, dns, dnsSearch, mtu, table, saveConfig, device } = file
  const { preUp, postUp, preDown, postDown } = file
  return {
    ...device,
    name,
    addresses,
    ...(dns.length > 0 && { dns: { servers: dns, search: dnsSearch } }),
    ...(mtu !== undefined && { mtu }),
    table,
    hooks: { preUp, postUp, preDown, postDown },
    saveConfig,
  }
}
