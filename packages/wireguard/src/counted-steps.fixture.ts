import type { Steps } from '@wgctrl/types'
import { vi } from 'vitest'

/** The most that any step of some work does with sets and maps, and what the work gives. */
export function busiestStep<T>(steps: Steps<T>): { readonly most: number; readonly value: T } {
  const spies = [
    vi.spyOn(Set.prototype, 'has'),
    vi.spyOn(Set.prototype, 'add'),
    vi.spyOn(Map.prototype, 'get'),
    vi.spyOn(Map.prototype, 'has'),
    vi.spyOn(Map.prototype, 'set'),
  ]
  try {
    let most = 0
    for (;;) {
      const { done, value } = steps.next()
      most = Math.max(
        most,
        spies.reduce((sum, { mock }) => sum + mock.calls.length, 0),
      )
      if (done) return { most, value }
      for (const spy of spies) spy.mockClear()
    }
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
}
