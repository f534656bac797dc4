import { wipeOwnKeys } from '@wgctrl/types'
import { type ConfigFile, type InterfaceConfig, updateConfig, type WireGuardClient } from 'wgctrl'

/** Makes a file say what an interface is now. What is the same stays as it is spelled, and so do comments. */
export async function bringFileInLine(
  wg: Pick<WireGuardClient, 'device'>,
  file: ConfigFile,
  { name, addresses = [], dns, mtu }: InterfaceConfig,
): Promise<void> {
  const device = await wg.device(name)
  updateConfig(file, device)
  wipeOwnKeys(device)
  const section = file.interface
  const kept = section.addresses.filter((address) => addresses.includes(address))
  section.addresses = [...kept, ...addresses.filter((address) => !kept.includes(address))]
  if (dns) section.dns = { servers: dns.servers ?? [], search: dns.search ?? [] }
  if (section.mtu !== undefined && section.mtu !== mtu) section.mtu = mtu
}
