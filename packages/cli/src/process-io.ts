import { readSync, writeSync } from 'node:fs'
import type { Input, Io, Output } from './io.js'
import { isSeekable } from './seekable.js'
import { isTerminal } from './terminal.js'
import { visibleLines } from './visible-text.js'

/** The streams of this process, by their descriptors: `process.stdout` takes longer to load than some commands to run. */
export function processIo(): Io {
  return {
    stdin,
    stdout: output(1),
    stderr: output(2),
    env: process.env,
    now: Date.now,
  }
}

const stdin: Input = {
  get isTTY() {
    return isTerminal(0)
  },
  get isSeekable() {
    return isSeekable(0)
  },
  async read() {
    return readAll(0)
  },
}

/** Pieces of a pipe come in no more than this. @source pipe(7): 64 KiB */
const PIECE = 65_536

/** All that comes, in one buffer and nowhere else: it may be a key, which whoever asked can wipe. */
function readAll(fd: number): Uint8Array {
  const pieces: Uint8Array[] = []
  const piece = Buffer.allocUnsafeSlow(PIECE)
  for (let length = readSome(fd, piece); length > 0; length = readSome(fd, piece)) {
    // Memory of its own: short arrays are else on the heap, where the collector leaves copies.
    const part = new Uint8Array(new ArrayBuffer(length))
    part.set(piece.subarray(0, length))
    pieces.push(part)
    piece.fill(0, 0, length)
  }
  if (pieces.length === 1) return pieces[0] as Uint8Array
  const whole = Buffer.concat(pieces)
  for (const each of pieces) each.fill(0)
  return whole
}

function output(fd: 1 | 2): Output {
  return {
    fd,
    get isTTY() {
      return isTerminal(fd)
    },
    get columns() {
      return isTerminal(fd) ? (fd === 1 ? process.stdout : process.stderr).columns : undefined
    },
    write(text) {
      writeAll(fd, typeof text === 'string' ? Buffer.from(visibleLines(text)) : text)
    },
    paint(text) {
      writeAll(fd, Buffer.from(text))
    },
  }
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) {
    at += onceReady(() => writeSync(fd, bytes.subarray(at)))
  }
}

const PAUSE = 5
const pause = new Int32Array(new SharedArrayBuffer(4))

function readSome(fd: number, into: Uint8Array): number {
  try {
    return onceReady(() => readSync(fd, into))
  } catch (error) {
    // The end of a pipe on Windows.
    if ((error as NodeJS.ErrnoException).code === 'EOF') return 0
    throw error
  }
}

/** A pipe that another process made non-blocking may be full, or have nothing yet. */
function onceReady(call: () => number): number {
  for (;;) {
    try {
      return call()
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      Atomics.wait(pause, 0, 0, PAUSE)
    }
  }
}
