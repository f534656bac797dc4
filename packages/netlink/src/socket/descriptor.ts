import { fstatSync, read, readSync, write, writeSync } from 'node:fs'
import { KEPT_APART } from '@wgctrl/types'
import type { LibC } from './ffi.js'
import { writeApart } from './sleepers.js'

/** How node:fs tells of the end of a read or write. */
/** Told how many bytes there were, or what went wrong. */
export type Done = (error: Error | null, count: number) => void

/**
 * A descriptor that FFI opened, and how bytes go in and out of it. Errors have `code` and `errno`, of whichever
 * kind they are. What is read into or written must not change until it is over.
 */
export interface Descriptor {
  readonly fd: number
  /**
   * The same number means the same descriptor to `node:fs`, in every thread. Else no thread of JavaScript can
   * read it, and a read that waits is one of {@link read}.
   */
  readonly isOfFs: boolean
  readSync(into: Uint8Array): number
  writeSync(bytes: Uint8Array): number
  /** Off the event loop. */
  read(into: Uint8Array, done: Done): void
  write(bytes: Uint8Array, done: Done): void
  /** In a thread that nothing else needs. A signal takes back what was not begun. */
  writeApart(bytes: Uint8Array, signal: AbortSignal | undefined, done: Done): void
}

/**
 * `node:fs` moves the bytes where it can: measured, a write and two reads take 15 us through it, 87 us through
 * FFI. Deno's takes no descriptors but those that it opened itself.
 */
export function descriptorOf(fd: number, libc: LibC): Descriptor {
  return isKnownToFs(fd) ? throughFs(fd) : throughFfi(fd, libc)
}

function isKnownToFs(fd: number): boolean {
  try {
    return fstatSync(fd, KEPT_APART).isSocket()
  } catch {
    return false
  }
}

function throughFs(fd: number): Descriptor {
  return {
    fd,
    isOfFs: true,
    readSync: (into) => readSync(fd, into, 0, into.length, null),
    writeSync: (bytes) => writeSync(fd, bytes),
    read: (into, done) => read(fd, into, 0, into.length, null, done),
    write: (bytes, done) => write(fd, bytes, 0, bytes.length, null, done),
    writeApart: (bytes, signal, done) => {
      const written = writeApart(fd, bytes, signal).then(() => bytes.length)
      settle(written, done)
    },
  }
}

/** A call that waits has a thread of the runtime's own pool, which in Deno is large. */
function throughFfi(fd: number, libc: LibC): Descriptor {
  return {
    fd,
    isOfFs: false,
    readSync: (into) => libc.recv(fd, into),
    writeSync: (bytes) => libc.send(fd, bytes),
    read: (into, done) => settle(libc.recvApart(fd, into), done),
    write: (bytes, done) => settle(libc.sendApart(fd, bytes), done),
    writeApart: (bytes, _, done) => settle(libc.sendApart(fd, bytes), done),
  }
}

/** Tells in node:fs's way what came of a call. */
export function settle(call: Promise<number>, done: Done): void {
  call.then(
    (count) => done(null, count),
    (error) => done(error, 0),
  )
}
