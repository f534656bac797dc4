import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { type CreateOptions, unsupported, WireGuardError } from '@wgctrl/types'
import { checkNamespace, checkProgram, daemonCommand, namespaceEntry } from './command.js'
import { complaintOf, explainDeath } from './complaint.js'
import { DaemonOutput } from './daemon-output.js'
import { eventWithin } from './event.js'
import { type Holder, holderOf } from './socket-holder.js'

/** Milliseconds that a program has to end when it is told to. */
const END_GRACE = 1000

/** Milliseconds between two looks at a process group, of whose end no event tells. */
const POLL_INTERVAL = 10

/** Milliseconds for the last words of a program that ended; what it left behind may keep its output open. */
const LAST_WORDS = 500

/**
 * A userspace implementation that was started for one device. Most go to the background by
 * themselves: the program that was started exits with 0 and leaves the daemon behind. One that
 * stays is let go of, so that the device outlives this process, as a kernel device would.
 */
export class Daemon {
  readonly #command: string
  readonly #child: ChildProcess
  readonly #output: DaemonOutput

  private constructor(command: string, child: ChildProcess, output: DaemonOutput) {
    this.#command = command
    this.#child = child
    this.#output = output
  }

  /**
   * Starts the program, without a shell, in a session of its own.
   *
   * @throws {WireGuardError} `EUNSUPPORTED` when it cannot be started, `EINVAL`, `ENOENT`, `EPERM`
   */
  static async start(name: string, options: CreateOptions): Promise<Daemon> {
    const daemon = daemonCommand(options.daemon)
    const [command, ...args] = [...namespaceEntry(options.netns), ...daemon, name]
    await checkProgram(daemon[0])
    await checkProgram(command as string)
    await checkNamespace(options.netns)
    const output = await DaemonOutput.open()
    const { spawn } = await import('node:child_process')
    try {
      const stdio = ['ignore', output.entrance, output.entrance] as const
      const child = spawn(command as string, args, { stdio: [...stdio], detached: true })
      await once(child, 'spawn')
      child.unref()
      output.leaveToProgram()
      return new Daemon(daemon[0], child, output)
    } catch (error) {
      output.close()
      throw cannotStart(daemon[0], error)
    }
  }

  /** The program ended as one does that left its daemon in the background. */
  get isInBackground(): boolean {
    return this.#child.exitCode === 0
  }

  get isRunning(): boolean {
    return !this.#hasEnded
  }

  /** Waits until the program ended, for so many milliseconds at most. */
  async end(within: number): Promise<void> {
    if (!this.#hasEnded) await eventWithin(this.#child, 'exit', within)
  }

  /** Why the program ended, if it did so otherwise than by going to the background. */
  async death(): Promise<WireGuardError | undefined> {
    if (!this.#hasEnded || this.isInBackground) return undefined
    await this.#output.end(LAST_WORDS)
    const { signalCode, exitCode } = this.#child
    return explainDeath(this.#command, signalCode ?? `status ${exitCode}`, this.#complaint)
  }

  /** See {@link holderOf}. */
  holderOf(path: string): Promise<Holder | undefined> {
    return holderOf(path, this.#pid)
  }

  /** Adds to an error that the daemon caused what the daemon said. */
  explain(error: unknown): unknown {
    const complaint = this.#complaint
    if (!(error instanceof WireGuardError) || !complaint || error.message.includes(complaint)) {
      return error
    }
    const message = `${error.message}; ${this.#command} said: ${complaint}`
    return new WireGuardError(message, { ...error, code: error.code, cause: error })
  }

  /** Stops the program and what it left in its group, and waits until they are gone. */
  async stop(): Promise<void> {
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      if (!this.#signal(signal)) return
      for (let waited = 0; waited < END_GRACE; waited += POLL_INTERVAL) {
        await sleep(POLL_INTERVAL)
        if (!this.#signal(0)) return
      }
    }
  }

  /** Lets go of the program: it goes on by itself, and nobody hears what it says. */
  release(): void {
    this.#output.close()
  }

  /** @returns false when the process group has no member any more */
  #signal(signal: NodeJS.Signals | 0): boolean {
    try {
      return process.kill(-this.#pid, signal)
    } catch {
      return false
    }
  }

  get #pid(): number {
    return this.#child.pid as number
  }

  get #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  get #complaint(): string {
    return complaintOf(this.#output.text)
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
