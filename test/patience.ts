import { afterAll, expect, vi } from 'vitest'

const { waitFor } = vi
const { setTimeout } = globalThis

/** What is waited for comes late on a busy machine: a second, vitest's own limit, would be a test of the machine. */
const PATIENCE = 60_000
vi.waitFor = (callback, options = {}) => {
  const given = typeof options === 'number' ? { timeout: options } : options
  return waitFor(callback, { ...given, timeout: Math.max(PATIENCE, given.timeout ?? 0) })
}

/** Files may share a process: a clock that stood still for those that follow is told where it was stopped. */
afterAll(() => {
  expect(globalThis.setTimeout, 'fake timers left behind').toBe(setTimeout)
})
