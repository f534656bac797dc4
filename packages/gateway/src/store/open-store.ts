import type { ClientRules } from '../clients/client.js'
import type { StoreConfig } from '../config/gateway-config.js'
import { FileStore } from './file/file-store.js'
import type { ClientStore, StoreEvents } from './store.js'

/**
 * Opens the store that a config names.
 *
 * @throws {WireGuardError} when it cannot be read
 */
export function openStore(
  config: StoreConfig,
  networks: readonly string[] | undefined,
  events: StoreEvents,
): Promise<ClientStore> {
  const rules = (clearPresharedKeys: boolean): ClientRules => ({ networks, clearPresharedKeys })
  return FileStore.open(config, rules(true), events)
}
