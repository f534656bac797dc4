import type { Family } from '@wgctrl/types'
import type { AddressChange, RouteChange } from './interface-change.js'

/** What a step of `up` makes of the machine, as data. Never holds a secret. */
export type StepChange =
  | AddressChange
  | RouteChange
  | InterfaceMade
  | DeviceConfigured
  | ForwardingSet
  | LinkSet
  | NameServersSet
  | RuleAdded
  | FirewallAdded
  | SettingSwitchedOn
  | HookRun

export interface InterfaceMade {
  /** `interface-moved`: it was made where its socket stays, and goes to where it is used. */
  readonly kind: 'interface-made' | 'interface-moved'
  readonly name: string
}

export interface DeviceConfigured {
  readonly kind: 'device-configured'
  /** How many there are. */
  readonly peers: number
}

export interface ForwardingSet {
  readonly kind: 'forwarding-set'
  /** Those that are forwarded. */
  readonly families: readonly Family[]
  /** What they do, such as `masquerade 10.8.0.0/24 to eth0`. */
  readonly rules: readonly string[]
}

/** The link gets its MTU and is switched on. */
export interface LinkSet {
  readonly kind: 'link-set'
  /** Bytes. */
  readonly mtu: number
}

/** Name servers were set. */
export interface NameServersSet {
  readonly kind: 'name-servers-set'
  readonly servers: readonly string[]
  readonly search: readonly string[]
}

/** A rule of policy routing for a default route. */
export interface RuleAdded {
  readonly kind: 'rule-added'
  readonly family: Family
  /** Packets without this mark look into the table of that number. Absent: the rule for local networks. */
  readonly mark?: number
}

/** The firewall rules beside a default route. */
export interface FirewallAdded {
  readonly kind: 'firewall-added'
  readonly family: Family
}

export interface SettingSwitchedOn {
  readonly kind: 'setting-switched-on'
  /** As sysctl(8) names it. */
  readonly setting: string
}

export interface HookRun {
  readonly kind: 'hook-run'
  readonly when: 'PreUp' | 'PostUp' | 'PreDown' | 'PostDown'
  /** Absent: it is a function. */
  readonly line?: string
}
