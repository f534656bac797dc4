import type { Steps } from '@wgctrl/types'
import { vi } from 'vitest'

/** What some work gives, and how often it asks sets and maps. */
interface Counted<T> {
  readonly value: T
  /** In any step, at most. */
  readonly most: number
  /** In all of them. */
  readonly all: number
}

export function busiestStep<T>(steps: Steps<T>): Counted<T> {
  const spies = [
    vi.spyOn(Set.prototype, 'has'),
    vi.spyOn(Set.prototype, 'add'),
    vi.spyOn(Map.prototype, 'get'),
    vi.spyOn(Map.prototype, 'has'),
    vi.spyOn(Map.prototype, 'set'),
  ]
  try {
    let [most, all] = [0, 0]
    for (;;) {
      const { done, value } = steps.next()
      const count = spies.reduce((sum, { mock }) => sum + mock.calls.length, 0)
      most = Math.max(most, count)
      all += count
      if (done) return { most, all, value }
      for (const spy of spies) spy.mockClear()
    }
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
}
