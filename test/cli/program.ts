import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { UserspaceBackend } from '@wgctrl/uapi'
import { afterAll, afterEach } from 'vitest'
import { isEmulated } from '../events/sizes.js'

/** The program as it is published. */
export const WGCTRL = fileURLToPath(new URL('../../packages/cli/dist/bin.cjs', import.meta.url))

/** Milliseconds: generous, for a busy machine; ten times as much for one that is emulated. */
const PATIENCE = isEmulated ? 300_000 : 100_000

/** A program that runs, and what it said so far. */
export class Program {
  readonly child: ChildProcess
  out = ''
  err = ''
  readonly #ended: Promise<number>
  /** It ended, and all its output is here. */
  #isOver = false

  constructor(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.child = spawn(command, args, { env: { ...process.env, ...env } })
    running.add(this)
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.out += text
    })
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.err += text
    })
    this.#ended = once(this.child, 'close').then(([status, signal]) => {
      running.delete(this)
      this.#isOver = true
      return signal ? 128 + constants.signals[signal as NodeJS.Signals] : status
    })
    this.#ended.catch(() => {})
  }

  /** Waits until its output has something. */
  async says(what: RegExp, where: 'out' | 'err' = 'out'): Promise<RegExpExecArray> {
    const until = Date.now() + PATIENCE
    for (;;) {
      const isOver = this.#isOver
      const found = what.exec(this[where])
      if (found) return found
      if (isOver || Date.now() > until) {
        throw new Error(`it did not say ${what}, but: ${this.out}\n${this.err}`)
      }
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  /**
   * Waits until it has said something on standard error, and takes no more from there until the function that is returned is
   * called: whoever has much to say is held up by then.
   */
  async holdAt(what: RegExp): Promise<() => void> {
    const { stderr } = this.child
    const holdUp = (): void => {
      if (what.test(this.err)) stderr?.pause()
    }
    stderr?.on('data', holdUp)
    await this.says(what, 'err')
    stderr?.off('data', holdUp)
    return () => void stderr?.resume()
  }

  write(text: string): void {
    this.child.stdin?.write(text)
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal)
  }

  /** The exit status, once it ended, as a shell has it: 128 and the signal that ended it. */
  status(): Promise<number> {
    return this.#ended
  }
}

const running = new Set<Program>()

afterEach(endPrograms)

async function endPrograms(): Promise<void> {
  for (const program of running) {
    program.kill('SIGKILL')
    await program.status().catch(() => {})
  }
}

/** Of a test that failed: its programs end, and the interfaces of its devices go, which would be in the way of the next. */
export async function takeDownAll(): Promise<void> {
  await endPrograms()
  await using backend = new UserspaceBackend()
  for (const name of await backend.list()) await wgctrl('down', name, '-q')
}

/** Starts our program. */
export const start = (args: readonly string[], env?: NodeJS.ProcessEnv): Program =>
  new Program(process.execPath, [WGCTRL, ...args], env)

/** Runs our program to its end. */
export async function wgctrl(...args: string[]) {
  const program = start(args)
  const status = await program.status()
  return { status, out: program.out, err: program.err }
}

/** A shell or another program in a terminal of its own. The size is that of the terminal. */
export function inTerminal(command: string, size: { columns: number; rows: number }): Program {
  const { columns, rows } = size
  const line = `stty cols ${columns} rows ${rows}; ${command}`
  const env = { NO_COLOR: '1', TERM: 'xterm', LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8', SHELL: '/bin/sh' }
  return new Program(
    'script',
    ['--quiet', '--flush', '--return', '--command', line, '/dev/null'],
    env,
  )
}

const folders: string[] = []

/** A folder that goes when the tests of the file are over. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wgctrl-cli-'))
  folders.push(folder)
  return folder
}

afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true })
})
