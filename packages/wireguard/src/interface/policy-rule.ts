import { RT_TABLE, type Rule } from '@wgctrl/netlink'
import type { Family } from '@wgctrl/types'
import type { Rtnl } from './machine.js'

export type OwnRule = Parameters<Rtnl['addRule']>[0]

/** Sends all packets without a mark to the table of that number. */
export const markRule = (family: Family, mark: number, priority: number): OwnRule => ({
  family,
  invert: true,
  firewallMark: mark,
  table: mark,
  priority,
})

/** Sends packets for networks that the main table knows, but for its default route, there. */
export const localRule = (family: Family, priority: number): OwnRule => ({
  family,
  table: RT_TABLE.main,
  suppressPrefixLength: 0,
  priority,
})

/** Absent `mark`: of any. */
export function isMarkRule(rule: Rule, mark = rule.firewallMark): boolean {
  return (
    mark !== undefined &&
    rule.invert &&
    rule.firewallMark === mark &&
    rule.table === mark &&
    isUnselective(rule)
  )
}

const isLocalRule = (rule: Rule): boolean =>
  !rule.invert &&
  rule.table === RT_TABLE.main &&
  rule.suppressPrefixLength === 0 &&
  rule.firewallMark === undefined &&
  isUnselective(rule)

const isUnselective = ({ from, to, inputLink, outputLink }: Rule): boolean =>
  [from, to, inputLink, outputLink].every((selector) => selector === undefined)

/** A rule for packets without a mark, and the one for local networks that belongs to it. */
export interface RulePair {
  readonly family: Family
  readonly mark: number
  /** Of the rule for packets without the mark. */
  readonly priority: number
  /** Of the rule for local networks; absent: somebody has removed it, or nobody has made it yet. */
  readonly localPriority?: number
  /** Whether local networks come first, as they should. */
  readonly isOrdered: boolean
}

/**
 * The pairs that are there.
 *
 * @param rules in the kernel's order
 * @param mark of this mark alone; absent: of all
 */
export function rulePairs(rules: readonly Rule[], mark?: number): RulePair[] {
  return rules.flatMap((rule, at) => {
    if (!isMarkRule(rule, mark)) return []
    const local = localOf(rules, at)
    return [
      {
        family: rule.family,
        mark: rule.table as number,
        priority: priorityOf(rule),
        ...(local && { localPriority: priorityOf(local) }),
        isOrdered: local !== undefined && rules.indexOf(local) < at,
      },
    ]
  })
}

/**
 * The rule for local networks stands right before the other. Where other rules begin at priority 0 there is
 * no room before it: wg-quick(8) then puts it right behind, at the same priority.
 */
function localOf(rules: readonly Rule[], at: number): Rule | undefined {
  const rule = rules[at] as Rule
  const isSibling = (other: Rule | undefined): other is Rule =>
    other !== undefined && other.family === rule.family && isLocalRule(other)
  const [before, after] = [rules[at - 1], rules[at + 1]]
  if (isSibling(before)) return before
  if (isSibling(after) && priorityOf(after) === priorityOf(rule)) return after
  return rules.find((other) => isSibling(other) && priorityOf(other) === priorityOf(rule) - 1)
}

const priorityOf = (rule: Rule): number => rule.priority ?? 0

/**
 * The priority that the kernel gives a rule that comes without one: before the second rule.
 *
 * @param rules of one family, in the kernel's order
 * @source kernel, net/core/fib_rules.c, fib_default_rule_pref
 */
export function nextPriority(rules: readonly Rule[]): number {
  const second = rules[1]
  return second === undefined ? 0 : Math.max(0, priorityOf(second) - 1)
}

/** The rules that remain when pairs are removed. */
export function withoutPairs(rules: readonly Rule[], pairs: readonly RulePair[]): Rule[] {
  const remaining = [...rules]
  const remove = (isOne: (rule: Rule) => boolean): void => {
    const at = remaining.findIndex(isOne)
    if (at >= 0) remaining.splice(at, 1)
  }
  for (const { family, mark, priority, localPriority } of pairs) {
    const isAt = (rule: Rule, place: number | undefined): boolean =>
      rule.family === family && priorityOf(rule) === place
    remove((rule) => isAt(rule, priority) && isMarkRule(rule, mark))
    remove((rule) => isAt(rule, localPriority) && isLocalRule(rule))
  }
  return remaining
}
