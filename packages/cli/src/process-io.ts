import { readFileSync, writeSync } from 'node:fs'
import { isatty } from 'node:tty'
import type { Input, Io, Output } from './io.js'
import { isSeekable } from './seekable.js'

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
    return isatty(0)
  },
  get isSeekable() {
    return isSeekable(0)
  },
  async read() {
    return readFileSync(0)
  },
}

function output(fd: 1 | 2): Output {
  return {
    fd,
    get isTTY() {
      return isatty(fd)
    },
    get columns() {
      return isatty(fd) ? (fd === 1 ? process.stdout : process.stderr).columns : undefined
    },
    write(text) {
      writeAll(fd, typeof text === 'string' ? Buffer.from(text) : text)
    },
  }
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSome(fd, bytes.subarray(at))
}

const PAUSE = 5
const pause = new Int32Array(new SharedArrayBuffer(4))

/** A pipe that another process made non-blocking may be full. */
function writeSome(fd: number, bytes: Uint8Array): number {
  for (;;) {
    try {
      return writeSync(fd, bytes)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      Atomics.wait(pause, 0, 0, PAUSE)
    }
  }
}
