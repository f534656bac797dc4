export type { ConfigFault } from './config-faults.js'
export type { DeviceCalls, InterfaceContext, WithBackend } from './context.js'
export type { DnsChoice } from './dns.js'
export { bringDown, type DownOptions, type DownResult } from './down.js'
export { type EnsureOptions, type EnsureResult, ensure } from './ensure.js'
export type { FirewallChoice } from './firewall.js'
export {
  type AddressChange,
  type DefaultRouteChange,
  describeInterfaceChange,
  type FirewallChange,
  type ForwardingChange,
  type ForwardingRuleChange,
  type InterfaceChange,
  type MtuChange,
  type RouteChange,
  type SwitchedOn,
} from './interface-change.js'
export type {
  DnsConfig,
  Hook,
  HookContext,
  Hooks,
  InterfaceConfig,
  InterfaceSettings,
} from './interface-config.js'
export type { NameOptions } from './names.js'
export { checkNatConfig, type NatConfig } from './nat-config.js'
export { ProgramError } from './program.js'
export { readInterface } from './read-interface.js'
export { type ReconcileOptions, reconcile } from './reconcile.js'
export {
  type MovedEndpoint,
  type ReresolveOptions,
  type ReresolveResult,
  reresolve,
} from './reresolve.js'
export type * from './step-change.js'
export { type InterfaceOperation, type Step, StepError, type StepEvent } from './transaction.js'
export {
  bringUp,
  foreseeUp,
  type InterfaceOptions,
  type UpOptions,
  type UpPlan,
  type UpResult,
} from './up.js'
export type { InterfaceWarning } from './warning.js'
