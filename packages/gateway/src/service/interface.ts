import type { PublicKey } from '@wgctrl/types'
import { type InterfaceConfig, readConfigFile, toInterfaceConfig, type WireGuard } from 'wgctrl'
import { interfaceName } from '../config/check-config.js'
import type { GatewayConfig } from '../config/gateway-config.js'

/**
 * Brings the interface to what its file says. Peers that the file does not name are left alone: they are clients.
 *
 * @returns the keys of the file's peers
 * @throws as `readConfigFile` and `ensure`
 */
export async function ensureInterface(
  wg: WireGuard,
  { file: path, backend, ...settings }: GatewayConfig['interface'],
  tell: (message: string) => void,
  signal: AbortSignal,
): Promise<Set<PublicKey>> {
  const file = await readConfigFile(path)
  const name = interfaceName(path)
  const config: InterfaceConfig = { ...toInterfaceConfig(file, name), ...settings }
  const { action } = await wg.ensure(config, {
    backend,
    signal,
    keepPeers: true,
    onWarning: ({ message }) => tell(message),
  })
  if (action === 'up') tell(`brought up ${name}`)
  if (action === 'reconcile') tell(`brought ${name} to what ${path} says`)
  return new Set(file.peers.map(({ publicKey }) => publicKey))
}
