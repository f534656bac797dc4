export type {
  AllowedIPAdded,
  AllowedIPMoved,
  AllowedIPRemoved,
  AmneziaChange,
  Change,
  ExtraChange,
  FirewallMarkChange,
  ListenPortChange,
  PeerAdded,
  PeerChanged,
  PeerRemoved,
  PrivateKeyChange,
} from './change.js'
export { type DescribeOptions, describeChange } from './describe.js'
export { type DeviceDiff, type DiffOptions, diffDevice } from './diff.js'
export type { InterfaceIndex } from './endpoint.js'
export { type SyncOptions, type SyncPlace, syncDevice } from './sync-device.js'
