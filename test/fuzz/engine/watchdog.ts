import { Worker } from 'node:worker_threads'
import { LONGEST_INPUT } from './mutate.js'

/** Seconds that one input may take. The slowest take milliseconds; the machine may be busy, or stand still. */
const LIMIT = 120

/**
 * A loop without end would hold the thread that should tell of it. A thread of its own looks whether the
 * inputs go on; when they do not it writes the one in hand where the corpus has it, and ends the process.
 */
const WATCH = `
const { workerData: { state, input, path, limit } } = require('node:worker_threads')
const { writeFileSync, writeSync } = require('node:fs')
let last = -1, since = Date.now()
setInterval(() => {
  const now = Atomics.load(state, 0)
  if (now !== last) { last = now; since = Date.now(); return }
  if (now % 2 === 0 || Date.now() - since < limit * 1000) return
  writeFileSync(path, input.slice(0, state[1]))
  writeSync(2, 'fuzz: an input takes longer than ' + limit + ' s; it is in ' + path + '\\n')
  process.kill(process.pid, 'SIGKILL')
}, 500)
`

/** Call `enter` before an input runs and `leave` behind it. */
export class Watchdog {
  readonly #state = new Int32Array(new SharedArrayBuffer(8))
  readonly #input = new Uint8Array(new SharedArrayBuffer(LONGEST_INPUT))
  readonly #worker: Worker

  /** @param path where the input that does not end goes */
  constructor(path: string) {
    const workerData = { state: this.#state, input: this.#input, path, limit: LIMIT }
    this.#worker = new Worker(WATCH, { eval: true, workerData })
    this.#worker.unref()
  }

  enter(input: Uint8Array): void {
    this.#input.set(input.subarray(0, LONGEST_INPUT))
    this.#state[1] = Math.min(input.length, LONGEST_INPUT)
    Atomics.add(this.#state, 0, 1)
  }

  leave(): void {
    Atomics.add(this.#state, 0, 1)
  }

  async end(): Promise<void> {
    await this.#worker.terminate()
  }
}
