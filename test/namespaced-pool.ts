import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { PoolOptions, PoolRunnerInitializer, PoolWorker, WorkerRequest } from 'vitest/node'
import { isolated } from '../scripts/namespace.mjs'

/**
 * A test file's process in namespaces of its own (`isolated`): no other file, and no other run of the tests,
 * sees or changes its links, rules, sockets and processes. Whatever a file leaves there ends with it.
 */
class NamespacedWorker implements PoolWorker {
  readonly name = 'namespaced'
  readonly cacheFs = true
  readonly #options: PoolOptions
  #process: ChildProcess | undefined

  constructor(options: PoolOptions) {
    this.#options = options
  }

  async start(): Promise<void> {
    const { distPath, execArgv, env } = this.#options
    // What vitest's own pool `forks` runs.
    const program = [process.execPath, ...execArgv, join(distPath, 'workers/forks.js')]
    const [command = '', ...args] = isolated(program)
    this.#process = spawn(command, args, {
      env: { ...env },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      serialization: 'advanced',
    })
    await once(this.#process, 'spawn')
  }

  /** All that the file started ends too: its process tree has lost its root. */
  async stop(): Promise<void> {
    const child = this.#process
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }

  send(message: WorkerRequest): void {
    this.#process?.send(message)
  }

  on(event: string, callback: (...args: unknown[]) => void): void {
    this.#process?.on(event, callback)
  }

  off(event: string, callback: (...args: unknown[]) => void): void {
    this.#process?.off(event, callback)
  }

  deserialize(data: unknown): unknown {
    return data
  }
}

/** The pool of the tiers that make devices. */
export const namespaced: PoolRunnerInitializer = {
  name: 'namespaced',
  createPoolWorker: (options) => new NamespacedWorker(options),
}
