import type { InterfaceHandle } from './context.js'
import type { FirewallChoice } from './firewall.js'
import { findForwarding, notForwarded } from './forwarding.js'
import { type ForwardingRules, planForwarding } from './forwarding-rules.js'
import type { ForwardingChange, ForwardingRuleChange } from './interface-change.js'
import type { CheckedInterface } from './interface-config.js'

/** What has to be done about packets of others. */
export interface ForwardingDiff {
  readonly wanted: ForwardingRules
  readonly changes: readonly (ForwardingChange | ForwardingRuleChange)[]
}

/** Compares the rules for packets of others with what a config asks for. */
export async function diffForwarding(
  { name, machine, netns, signal }: InterfaceHandle,
  desired: CheckedInterface,
  choice: FirewallChoice,
): Promise<ForwardingDiff> {
  const wanted = planForwarding(name, desired, desired.device)
  // Whoever wants no nf_tables has none of these rules.
  if (choice === 'iptables' || choice === 'off') return { wanted, changes: [] }
  const found = await findForwarding(name, { machine, netns, signal, firewall: choice })
  const { rules = [], families = [] } = found ?? {}
  const texts = wanted.rules.map(({ text }) => text)
  const off = await notForwarded(wanted.families, { machine, netns })
  const isOn = (family: 4 | 6): boolean => families.includes(family) && !off.includes(family)
  const changes: ForwardingDiff['changes'] = [
    ...wanted.families
      .filter((family) => !isOn(family))
      .map((family) => ({ kind: 'forwarding-on', family }) as const),
    ...families
      .filter((family) => !wanted.families.includes(family))
      .map((family) => ({ kind: 'forwarding-off', family }) as const),
    ...texts
      .filter((rule) => !rules.includes(rule))
      .map((rule) => ({ kind: 'forwarding-rule-added', rule }) as const),
    ...rules
      .filter((rule) => !texts.includes(rule))
      .map((rule) => ({ kind: 'forwarding-rule-removed', rule }) as const),
  ]
  return { wanted, changes }
}
