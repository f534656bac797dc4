import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readSync } from 'node:fs'
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type CreateOptions, unsupported, WireGuardError } from '@wgctrl/types'
import { checkProgram, daemonCommand, namespaceEntry } from './command.js'
import { complaintOf, explainDeath } from './complaint.js'

/** What a daemon says before it dies is short; its log is not our business. */
const LONGEST_COMPLAINT = 4096

/** Milliseconds that a program has to end when it is told to. */
const END_GRACE = 1000

/** Milliseconds between two looks at a process group, of whose end no event tells. */
const POLL_INTERVAL = 10

/**
 * A userspace implementation that was started for one device. Most go to the background by
 * themselves: the program that was started exits with 0 and leaves the daemon behind. One that
 * stays is let go of, so that the device outlives this process, as a kernel device would.
 */
export class Daemon {
  readonly #command: string
  readonly #child: ChildProcess
  readonly #output: FileHandle
  #isReleased = false
  /** Why the program ended, if it did so otherwise than by going to the background. */
  death: WireGuardError | undefined

  private constructor(command: string, child: ChildProcess, output: FileHandle) {
    this.#command = command
    this.#child = child
    this.#output = output
    child.once('exit', (status, signal) => {
      if (status === 0 || this.#isReleased) return
      this.death = explainDeath(command, signal ?? `status ${status}`, this.#complaint())
    })
  }

  /**
   * Starts the program, without a shell, in a process group of its own.
   *
   * @throws {WireGuardError} `EUNSUPPORTED` when it cannot be started, `EINVAL`, `EPERM`
   */
  static async start(name: string, options: CreateOptions): Promise<Daemon> {
    const daemon = daemonCommand(options.daemon)
    const [command, ...args] = [...namespaceEntry(options.netns), ...daemon, name]
    await checkProgram(daemon[0])
    await checkProgram(command as string)
    const output = await openUnnamedFile()
    try {
      const stdio = ['ignore', output.fd, output.fd] as const
      const child = spawn(command as string, args, { stdio: [...stdio], detached: true })
      await once(child, 'spawn')
      child.unref()
      return new Daemon(daemon[0], child, output)
    } catch (error) {
      await output.close()
      throw cannotStart(daemon[0], error)
    }
  }

  /** Adds to an error that the daemon caused what the daemon said. */
  explain(error: unknown): unknown {
    const complaint = this.#complaint()
    if (!(error instanceof WireGuardError) || error === this.death || !complaint) return error
    const message = `${error.message}; ${this.#command} said: ${complaint}`
    return new WireGuardError(message, { code: error.code, cause: error })
  }

  /** Stops the program and what it left in the background, and waits until they are gone. */
  async stop(): Promise<void> {
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      if (!this.#signal(signal)) return
      for (let waited = 0; waited < END_GRACE; waited += POLL_INTERVAL) {
        await sleep(POLL_INTERVAL)
        if (!this.#signal(0)) return
      }
    }
  }

  /** Lets go of the program: it goes on by itself. */
  async release(): Promise<void> {
    this.#isReleased = true
    await this.#output.close()
  }

  /** @returns false when the process group has no member any more */
  #signal(signal: NodeJS.Signals | 0): boolean {
    try {
      return process.kill(-(this.#child.pid as number), signal)
    } catch {
      return false
    }
  }

  #complaint(): string {
    const bytes = Buffer.alloc(LONGEST_COMPLAINT)
    const length = readSync(this.#output.fd, bytes, 0, LONGEST_COMPLAINT, 0)
    return complaintOf(bytes.toString('utf8', 0, length))
  }
}

/** A file that is there and cannot be run, or whose interpreter is missing. */
function cannotStart(command: string, error: unknown): unknown {
  const { code, message, syscall } = error as NodeJS.ErrnoException
  if (code === undefined || syscall === undefined) return error
  if (code === 'ENOENT') return unsupported('create', `cannot start ${command}: ${message}`)
  return new WireGuardError(`cannot start ${command}: ${message}`, {
    code: code === 'EACCES' ? 'EPERM' : code,
    cause: error,
  })
}

/**
 * A file rather than a pipe: a daemon that stays would die of SIGPIPE when this process is gone. It has
 * no name any more, so it goes with the last process that writes to it.
 */
async function openUnnamedFile(): Promise<FileHandle> {
  const directory = await mkdtemp(join(tmpdir(), 'wgctrl-'))
  try {
    return await open(join(directory, 'output'), 'wx+', 0o600)
  } finally {
    await rm(directory, { recursive: true })
  }
}
