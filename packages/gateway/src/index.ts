export type { Client, ClientRules } from './clients/client.js'
export { checkGatewayConfig } from './config/check-config.js'
export type {
  CacheConfig,
  FileStoreConfig,
  FleetConfig,
  GatewayConfig,
  HttpChangesConfig,
  HttpStoreConfig,
  NatsConfig,
  NatsStoreConfig,
  StoreConfig,
} from './config/gateway-config.js'
export { readGatewayConfig } from './config/read-config.js'
export { type SealedFor, sealPresharedKey } from './seal/sealed-key.js'
export type { GatewayEvent, GatewayState } from './service/events.js'
export { Gateway, type GatewayOptions } from './service/gateway.js'
export type {
  ChangesOptions,
  ClientStore,
  Found,
  StoreChange,
  StoreEvents,
  StoreProblem,
} from './store/store.js'
