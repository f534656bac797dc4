import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { DeviceKind } from '@wgctrl/types'
import { expect, onTestFinished } from 'vitest'
import { findPlanted } from './planted.js'
import { searchMemory } from './process-memory.js'

const program = fileURLToPath(new URL('memory-child.mjs', import.meta.url))

/** The forms of keys that a process has when it is done with them. */
export interface Remains {
  readonly memory: string[]
  /** In a heap snapshot. */
  readonly snapshot: string[]
}

/**
 * Runs a process that gives a device keys as bytes, reads them back, wipes all and closes, and looks at all of
 * its memory.
 *
 * @param prepare makes what stands for a userspace device `wg0` in a folder; absent: the process makes `wg0`
 */
export async function remainsOf(
  kind: DeviceKind,
  leak: 'leak' | 'none',
  prepare?: (directory: string) => Promise<void>,
): Promise<Remains> {
  const directory = await mkdtemp(join(tmpdir(), 'wgctrl-memory-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  await prepare?.(directory)
  const snapshot = join(directory, 'heap.heapsnapshot')
  const options = { execArgv: ['--expose-gc'], env: { PATH: process.env['PATH'] } }
  const child = fork(program, [kind, directory, snapshot, leak], options)
  onTestFinished(() => void child.kill('SIGKILL'))
  const exited = once(child, 'exit')
  await Promise.race([
    once(child, 'message'),
    exited.then(([status]) => {
      throw new Error(`the child ended with ${status}`)
    }),
  ])
  const memory = searchMemory(child.pid as number, (bytes) => findPlanted(bytes, 2))
  child.send('end')
  expect(await exited).toEqual([0, null])
  return { memory, snapshot: findPlanted(await readFile(snapshot)) }
}
