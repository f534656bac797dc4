import { Worker } from 'node:worker_threads'
import { syscallError } from '../errors.js'

/**
 * Threads for writes that may sleep in the kernel for as long as others like, and cannot be woken: the
 * deletion of a device waits for all who read it. In libuv's four they would keep out the very reads that
 * they wait for. Such a thread needs nothing but the descriptor, so its source stands here.
 */
const WRITER = `
const { writeSync } = require('node:fs')
const { parentPort } = require('node:worker_threads')
parentPort.on('message', ({ fd, bytes }) => {
  try {
    writeSync(fd, bytes)
    parentPort.postMessage(0)
  } catch (error) {
    parentPort.postMessage(error.errno ?? -5)
  }
})
`

/** So many writes may sleep at once; the next ones wait, and are not sent when their call ends meanwhile. */
const MAX_THREADS = 32

/** Milliseconds that a write waits for a thread before another one is started. */
const PATIENCE = 50

/** Milliseconds that a thread is kept for the next write. */
const KEPT = 2000

interface Job {
  readonly fd: number
  readonly bytes: Uint8Array
  resolve(): void
  reject(error: unknown): void
}

const waiting: Job[] = []
const idle: Sleeper[] = []
let threads = 0
let isGrowing = false

/**
 * Writes in a thread of its own.
 *
 * @param signal takes a write back that no thread has begun yet
 * @throws {NetlinkError} the errno of write(2)
 */
export async function writeApart(
  fd: number,
  bytes: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<void> {
  let job: Job | undefined
  const written = new Promise<void>((resolve, reject) => {
    job = { fd, bytes, resolve, reject }
    waiting.push(job)
  })
  const takeBack = (): void => {
    const at = waiting.indexOf(job as Job)
    if (at < 0) return
    waiting.splice(at, 1)
    job?.reject(signal?.reason)
  }
  signal?.addEventListener('abort', takeBack, { once: true })
  serve()
  try {
    await written
  } finally {
    signal?.removeEventListener('abort', takeBack)
  }
}

/** Gives what waits to threads that are idle; another one is started when they do not come forward. */
function serve(): void {
  while (waiting.length > 0 && idle.length > 0) idle.pop()?.write(waiting.shift() as Job)
  if (waiting.length === 0 || threads === MAX_THREADS) return
  if (threads === 0) start()
  if (waiting.length === 0 || isGrowing) return
  isGrowing = true
  setTimeout(() => {
    isGrowing = false
    if (waiting.length > 0 && threads < MAX_THREADS) start()
    serve()
  }, PATIENCE)
}

function start(): void {
  threads++
  new Sleeper().write(waiting.shift() as Job)
}

class Sleeper {
  readonly #worker = new Worker(WRITER, { eval: true })
  #job: Job | undefined
  #end: NodeJS.Timeout | undefined

  constructor() {
    this.#worker.on('message', (errno: number) => {
      const job = this.#job
      this.#job = undefined
      if (errno === 0) job?.resolve()
      else job?.reject(syscallError('write', errno))
      this.#rest()
    })
    this.#worker.on('error', (error) => this.#job?.reject(error))
    this.#worker.on('exit', () => {
      threads--
      const at = idle.indexOf(this)
      if (at >= 0) idle.splice(at, 1)
      serve()
    })
  }

  write(job: Job): void {
    clearTimeout(this.#end)
    this.#job = job
    this.#worker.ref()
    this.#worker.postMessage({ fd: job.fd, bytes: job.bytes })
  }

  #rest(): void {
    this.#worker.unref()
    idle.push(this)
    this.#end = setTimeout(() => {
      const at = idle.indexOf(this)
      if (at >= 0) idle.splice(at, 1)
      void this.#worker.terminate()
    }, KEPT).unref()
    serve()
  }
}
