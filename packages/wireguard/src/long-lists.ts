import { StepBudget, type Steps } from '@wgctrl/types'

/** What it costs to put a network into a set, or to look for it there, beside one that is parsed. */
export const GLANCE = 0.1

/** Lists that are shorter are sorted, and copied, in one go. */
const RUN = 1000

/** The items that are not in a set, in their order. */
export function* without<T>(
  items: Iterable<T>,
  others: { has(item: T): boolean },
  budget: StepBudget,
): Steps<T[]> {
  const left: T[] = []
  for (const item of items) {
    if (!others.has(item)) left.push(item)
    if (budget.spend(GLANCE)) yield
  }
  return left
}

export function* setOf<T>(items: Iterable<T>, budget: StepBudget): Steps<Set<T>> {
  const set = new Set<T>()
  yield* addTo(set, items, budget)
  return set
}

export function* addTo<T>(set: Set<T>, items: Iterable<T>, budget: StepBudget): Steps<void> {
  for (const item of items) {
    set.add(item)
    if (budget.spend(GLANCE)) yield
  }
}

/** The items in order: those that are the same stay as they were. */
export function* sorted<T>(
  items: readonly T[],
  compare: (one: T, other: T) => number,
): Steps<readonly T[]> {
  const budget = new StepBudget()
  let runs: (readonly T[])[] = []
  for (let start = 0; start < items.length; start += RUN) {
    runs.push(items.slice(start, start + RUN).sort(compare))
    if (budget.spend(RUN)) yield
  }
  while (runs.length > 1) {
    const merged: (readonly T[])[] = []
    for (let at = 0; at < runs.length; at += 2) {
      merged.push(yield* merge(runs[at] ?? [], runs[at + 1] ?? [], compare, budget))
    }
    runs = merged
  }
  return runs[0] ?? []
}

function* merge<T>(
  one: readonly T[],
  other: readonly T[],
  compare: (one: T, other: T) => number,
  budget: StepBudget,
): Steps<T[]> {
  const merged: T[] = []
  let [i, j] = [0, 0]
  while (i < one.length || j < other.length) {
    const isOther =
      i === one.length || (j < other.length && compare(one[i] as T, other[j] as T) > 0)
    merged.push((isOther ? other[j++] : one[i++]) as T)
    if (budget.spend(GLANCE)) yield
  }
  return merged
}
