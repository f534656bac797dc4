import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { DeviceKind } from '@wgctrl/types'
import { expect, onTestFinished } from 'vitest'
import { findPlanted } from './planted.js'
import { searchMemory } from './process-memory.js'

/** The forms of keys that a process has when it is done with them. */
export interface Remains {
  readonly memory: string[]
  /** In a heap snapshot. */
  readonly snapshot: string[]
}

/** A folder that goes with the test. */
export async function temporaryFolder(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'wgctrl-memory-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  return directory
}

/** A program beside the tests that says when it is done with its keys, and then waits to be searched. */
export class SearchedProcess {
  readonly #child: ChildProcess
  /** It has ended, and all it said was heard. */
  readonly #closed: Promise<unknown[]>
  /** What it said so far, on both of its outputs. */
  output = ''

  constructor(name: string, args: readonly string[]) {
    const program = fileURLToPath(new URL(name, import.meta.url))
    const options = {
      execArgv: ['--expose-gc'],
      env: { PATH: process.env['PATH'] },
      silent: true,
    }
    const child = fork(program, args, options)
    onTestFinished(() => void child.kill('SIGKILL'))
    this.#child = child
    this.#closed = once(child, 'close')
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text
      })
    }
  }

  /** Its next message. */
  async says(): Promise<unknown> {
    const ended = this.#closed.then(([status]): never => {
      throw new Error(`the child ended with ${status}: ${this.output}`)
    })
    const [message] = await Promise.race([once(this.#child, 'message'), ended])
    return message
  }

  goOn(): void {
    this.#child.send('go on')
  }

  /** Looks at all of its memory and at its snapshot, and ends it. */
  async remains(snapshot: string): Promise<Remains> {
    const memory = searchMemory(this.#child.pid as number, (bytes) => findPlanted(bytes, 2))
    this.goOn()
    expect(await this.#closed, this.output).toEqual([0, null])
    return { memory, snapshot: findPlanted(await readFile(snapshot)) }
  }
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
  const directory = await temporaryFolder()
  await prepare?.(directory)
  const snapshot = join(directory, 'heap.heapsnapshot')
  const child = new SearchedProcess('memory-child.mjs', [kind, directory, snapshot, leak])
  await child.says()
  return await child.remains(snapshot)
}
