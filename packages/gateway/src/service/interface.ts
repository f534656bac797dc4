import { type PublicKey, SecretKey } from '@wgctrl/types'
import { type InterfaceConfig, readConfigFile, toInterfaceConfig, type WireGuard } from 'wgctrl'
import { interfaceName } from '../config/check-config.js'
import type { GatewayConfig } from '../config/gateway-config.js'

interface EnsuredInterface {
  readonly pinned: ReadonlySet<PublicKey>
  readonly privateKey?: SecretKey
}

/**
 * Brings the interface to what its file says. Peers that the file does not name are left alone: they are clients.
 *
 * @returns the keys of the file's peers, and the interface's private key as far as the file has it, for the caller to wipe
 * @throws as `readConfigFile` and `ensure`
 */
export async function ensureInterface(
  wg: WireGuard,
  { file: path, dialect, backend, ...settings }: GatewayConfig['interface'],
  tell: (message: string) => void,
  signal: AbortSignal,
): Promise<EnsuredInterface> {
  const file = await readConfigFile(path, {
    dialect: dialect === 'amneziawg' ? 'awg-quick' : 'wg-quick',
  })
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
  const { privateKey } = config
  return {
    pinned: new Set(file.peers.map(({ publicKey }) => publicKey)),
    ...(privateKey && { privateKey: SecretKey.from(privateKey) }),
  }
}
