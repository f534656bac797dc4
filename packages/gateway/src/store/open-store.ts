import type { ClientRules } from '../clients/client.js'
import type { StoreConfig } from '../config/gateway-config.js'
import { FileStore } from './file/file-store.js'
import { HttpStore } from './http/http-store.js'
import { NatsStore } from './nats/nats-store.js'
import type { ClientStore, StoreEvents } from './store.js'

/**
 * Opens the store that a config names.
 *
 * @throws {WireGuardError} when it cannot be read
 */
export async function openStore(
  config: StoreConfig,
  { networks, unseal }: Pick<ClientRules, 'networks' | 'unseal'>,
  events: StoreEvents,
): Promise<ClientStore> {
  const rules = (clearPresharedKeys: boolean): ClientRules => ({
    networks,
    clearPresharedKeys,
    ...(unseal && { unseal }),
  })
  if (config.type === 'file') return FileStore.open(config, rules(true), events)
  if (config.type === 'nats') {
    return NatsStore.open(config, rules(config.clearPresharedKeys), events)
  }
  return new HttpStore(config, rules(config.clearPresharedKeys), events)
}
