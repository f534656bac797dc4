import type { Io, Output } from './io.js'
import { visibleLines } from './visible-text.js'

/** The world of one command in a test. */
export interface FakeIo extends Io {
  /** What was written so far. */
  readonly written: { out: string; err: string }
}

export interface FakeIoOptions {
  readonly input?: string | Uint8Array
  readonly env?: Record<string, string>
  readonly isTTY?: boolean
  readonly isSeekable?: boolean
  readonly columns?: number
  readonly now?: number
}

export function fakeIo(options: FakeIoOptions = {}): FakeIo {
  const { input = '', env = {}, isTTY = false, isSeekable = true, columns, now } = options
  const written = { out: '', err: '' }
  const output = (name: 'out' | 'err'): Output => ({
    fd: undefined,
    isTTY,
    columns,
    write(text) {
      written[name] += typeof text === 'string' ? visibleLines(text) : Buffer.from(text).toString()
    },
    paint(text) {
      written[name] += text
    },
  })
  return {
    written,
    stdin: { isTTY, isSeekable, read: async () => Buffer.from(input) },
    stdout: output('out'),
    stderr: output('err'),
    env,
    now: () => now ?? Date.now(),
  }
}
