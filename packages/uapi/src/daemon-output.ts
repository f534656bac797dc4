import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { eventWithin } from './event.js'

/** What a daemon says before it dies is short; its log is not our business. */
const LONGEST = 4096

/**
 * Hands on what comes until nobody takes it any more, which ends the first `cat`, and throws away the rest. It
 * lives as long as somebody can write to it: a daemon that stays and logs neither fills a file nor a pipe,
 * nor dies of SIGPIPE when this process is gone.
 */
const RELAY = ['-c', 'cat; exec cat >/dev/null'] as const

/** What a program that was started says, from its start until this process lets go of it. */
export class DaemonOutput {
  readonly #entrance: Writable | undefined
  readonly #source: Readable | undefined
  readonly #chunks: Buffer[] = []
  #length = 0

  private constructor(relay?: ChildProcess) {
    this.#entrance = relay?.stdin ?? undefined
    this.#source = relay?.stdout ?? undefined
    this.#source?.on('data', (chunk: Buffer) => this.#keep(chunk))
    for (const stream of [this.#entrance, this.#source]) stream?.on('error', () => {})
  }

  /** On a machine without a shell nothing that a program says is heard. */
  static async open(): Promise<DaemonOutput> {
    // Loaded where a daemon is started: it takes a command that only reads a twentieth of its start.
    const { spawn } = await import('node:child_process')
    const env = { PATH: '/usr/bin:/bin' }
    const stdio = ['pipe', 'pipe', 'ignore'] as const
    const relay = spawn('/bin/sh', RELAY, { stdio: [...stdio], detached: true, env })
    try {
      await once(relay, 'spawn')
      relay.unref()
      return new DaemonOutput(relay)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new DaemonOutput()
      throw error
    }
  }

  /** What the program gets as its standard output and error. */
  get entrance(): Writable | 'ignore' {
    return this.#entrance ?? 'ignore'
  }

  /** From now on only the program, and what it starts, can write: what they say has an end. */
  leaveToProgram(): void {
    this.#entrance?.destroy()
  }

  /** Waits until nobody can say more, or for so many milliseconds. */
  async end(within: number): Promise<void> {
    if (this.#source && !this.#source.closed) await eventWithin(this.#source, 'close', within)
  }

  /** What was said so far, cut to a length. */
  get text(): string {
    return Buffer.concat(this.#chunks).toString('utf8', 0, LONGEST)
  }

  /** Nothing is heard any more. */
  close(): void {
    this.#entrance?.destroy()
    this.#source?.destroy()
  }

  #keep(chunk: Buffer): void {
    if (this.#length >= LONGEST) return
    this.#chunks.push(chunk)
    this.#length += chunk.length
  }
}
