import { checkGiven, type Family } from '@wgctrl/types'
import type { Change } from '../sync/change.js'
import { type DescribeOptions, describeChange } from '../sync/describe.js'

/** One difference between an interface and what it should be. Never holds a secret. */
export type InterfaceChange =
  | Change
  | AddressChange
  | MtuChange
  | SwitchedOn
  | RouteChange
  | DefaultRouteChange
  | FirewallChange
  | ForwardingChange
  | ForwardingRuleChange

export interface AddressChange {
  readonly kind: 'address-added' | 'address-removed'
  /** With prefix length. */
  readonly address: string
}

export interface MtuChange {
  readonly kind: 'mtu'
  /** Bytes. */
  readonly from: number
  readonly to: number
}

/** Something that was off was switched on. */
export interface SwitchedOn {
  readonly kind: 'switched-on'
}

/** A route comes or goes. */
export interface RouteChange {
  readonly kind: 'route-added' | 'route-removed'
  readonly destination: string
  readonly table: number
}

/** The rules, the table and the firewall rules that send a family's default route into the tunnel. */
export interface DefaultRouteChange {
  readonly kind: 'default-route-added' | 'default-route-removed'
  readonly family: Family
  /** The mark on the tunnel's own packets, and the number of the table. */
  readonly mark: number
}

/** The firewall rules beside a default route that stays. */
export interface FirewallChange {
  readonly kind: 'firewall-changed'
  readonly family: Family
  /** The addresses that they guard from now on. */
  readonly addresses: readonly string[]
}

/** Packets of others are passed on, for this interface, or no longer. */
export interface ForwardingChange {
  readonly kind: 'forwarding-on' | 'forwarding-off'
  readonly family: Family
}

/** A rule for packets of others. */
export interface ForwardingRuleChange {
  readonly kind: 'forwarding-rule-added' | 'forwarding-rule-removed'
  /** What it does, such as `masquerade 10.8.0.0/24 to eth0` or `drop between clients`. */
  readonly rule: string
}

const MAIN = 254

/**
 * A change as one would say it, in one line without a full stop.
 *
 * @throws {TypeError} `EINVAL`; `path` names the option, or `change` of what is no change
 */
export function describeInterfaceChange(
  change: InterfaceChange,
  options: DescribeOptions = {},
): string {
  checkGiven(change, 'change', 'a change that `reconcile` gives')
  switch (change.kind) {
    case 'address-added':
      return `add address ${change.address}`
    case 'address-removed':
      return `remove address ${change.address}`
    case 'mtu':
      return `MTU: ${change.from} → ${change.to}`
    case 'switched-on':
      return 'switch the interface on'
    case 'route-added':
      return `add route ${change.destination}${tableText(change.table)}`
    case 'route-removed':
      return `remove route ${change.destination}${tableText(change.table)}`
    case 'default-route-added':
      return `send IPv${change.family} into the tunnel (mark and table ${change.mark})`
    case 'default-route-removed':
      return `no longer send IPv${change.family} into the tunnel (mark and table ${change.mark})`
    case 'firewall-changed':
      return `IPv${change.family} firewall: guard ${change.addresses.join(' ') || 'nothing'}`
    case 'forwarding-on':
      return `forward IPv${change.family}`
    case 'forwarding-off':
      return `no longer forward IPv${change.family}`
    case 'forwarding-rule-added':
      return `add rule: ${change.rule}`
    case 'forwarding-rule-removed':
      return `remove rule: ${change.rule}`
    default:
      return describeChange(change, options)
  }
}

const tableText = (table: number): string => (table === MAIN ? '' : ` in table ${table}`)
