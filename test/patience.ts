import { vi } from 'vitest'

const { waitFor } = vi

/** What is waited for comes late on a busy machine: a second, vitest's own limit, would be a test of the machine. */
vi.waitFor = (callback, options = 15_000) => waitFor(callback, options)
