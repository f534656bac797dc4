import type { Transport } from '../socket/transport.js'

/** A kernel, or a part of one: takes one request and gives the datagrams that answer it. */
export type KernelFunction = (request: Buffer) => readonly Uint8Array[]

/** What happened on a fake socket, for a test to look at. */
export interface FakeTransport extends Transport {
  /** The requests, as copies. */
  readonly requests: Buffer[]
  readonly closed: boolean
}

/**
 * A netlink socket whose other end is a function. As on the real one the answer is queued when the
 * send returns, and a receive finds nothing once the queue is empty.
 *
 * @example
 * ```ts
 * const transport = fakeTransport((request) => [answer(request, 0)])
 * const connection = new Connection(transport)
 * ```
 */
export function fakeTransport(kernel: KernelFunction): FakeTransport {
  const queue: Uint8Array[] = []
  const requests: Buffer[] = []
  let closed = false
  const sendSync = (bytes: Uint8Array): void => {
    if (closed) throw Object.assign(new Error('write EBADF'), { code: 'EBADF', syscall: 'write' })
    const request = Buffer.from(bytes)
    requests.push(request)
    queue.push(...kernel(request))
  }
  const receiveSync = (into: Uint8Array): number | undefined => {
    const datagram = queue.shift()
    if (datagram === undefined) return undefined
    // A datagram that does not fit is cut, silently: so does read(2).
    const length = Math.min(datagram.length, into.length)
    into.set(datagram.subarray(0, length))
    return length
  }
  return {
    requests,
    get closed() {
      return closed
    },
    sendSync,
    send: async (bytes) => sendSync(bytes),
    receiveSync,
    receive: async (into) => receiveSync(into),
    close: async () => {
      closed = true
    },
  }
}
