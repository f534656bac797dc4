/** The part of unix-dgram that is used; the package has no types. */
declare module 'unix-dgram' {
  import type { EventEmitter } from 'node:events'

  interface UnixDatagramSocket extends EventEmitter {
    /** Emits `connect`, or `error`. */
    connect(path: string): void
    /** On a connected socket. The error's code is 1 where the receiver's queue is full. */
    send(message: Buffer, sent: (error?: Error & { code?: unknown }) => void): void
    close(): void
  }

  const unixDgram: { createSocket(type: 'unix_dgram'): UnixDatagramSocket }
  export default unixDgram
}
