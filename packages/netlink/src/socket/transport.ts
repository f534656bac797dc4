import type { DatagramBatch } from './datagram-batch.js'

/**
 * What a connection speaks through: a netlink socket, or a fake kernel in its place.
 *
 * A transport moves whole datagrams and never waits for one that is not there. The kernel handles a
 * request inside the sender's write, so the reply, or the first part of a dump, is queued when the
 * write returns; and it makes the next part of a dump inside the read that took the part before.
 * "Nothing queued" therefore means that no reply is coming, and nothing here can hang.
 *
 * What fails, fails with a `NetlinkError` that has the errno's name as its code: `EMSGSIZE` for a datagram
 * that the send buffer cannot hold, `ENOBUFS` where the kernel dropped what the receive buffer could not.
 */
export interface Transport {
  /** Sends one datagram. The bytes are the caller's again when this returns. */
  sendSync(bytes: Uint8Array): void
  /** Sends one datagram off the event loop. The bytes must not change until it settles. */
  send(bytes: Uint8Array): Promise<void>
  /**
   * The same for what the kernel may sleep over for as long as others like: in a thread that nothing else
   * needs. Absent: {@link send} will do. A signal takes back what was not begun.
   */
  sendApart?(bytes: Uint8Array, signal?: AbortSignal): Promise<void>
  /** Takes the next queued datagram; its length, or `undefined` when none is queued. */
  receiveSync(into: Uint8Array): number | undefined
  /** The same off the event loop. `into` belongs to the transport until it settles. */
  receive(into: Uint8Array): Promise<number | undefined>
  /**
   * The same for as many datagrams as a batch has room for: each that is taken has the kernel make the next one, so that
   * one trip to another thread does for all. Absent: {@link receive} will do. `batch` belongs to the transport until
   * it settles, and says then what was taken; nothing: none was queued.
   */
  receiveMany?(batch: DatagramBatch): Promise<void>
  /** Ends the socket. Resolves once nothing is in flight on it and its descriptor is gone. */
  close(): Promise<void>
}
