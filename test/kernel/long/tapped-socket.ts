import { type NetlinkSocket, openNetlinkSocket, type Transport } from '@wgctrl/netlink'

/** Copies of the datagrams that passed through sockets, for tests that look at them themselves. */
export interface Tap {
  readonly sent: Buffer[]
  readonly received: Buffer[]
}

export const newTap = (): Tap => ({ sent: [], received: [] })

/**
 * Opens netlink sockets whose datagrams the tap keeps: for a backend's `openTransport`.
 *
 * @param largest bytes that reads ask for at most; the kernel cuts its dumps to that
 */
export const tapped =
  (tap: Tap, largest = Infinity) =>
  async (protocol: number): Promise<Transport> =>
    new TappedSocket(await openNetlinkSocket({ protocol }), tap, largest)

class TappedSocket implements Transport {
  readonly #socket: NetlinkSocket
  readonly #tap: Tap
  readonly #largest: number

  constructor(socket: NetlinkSocket, tap: Tap, largest: number) {
    this.#socket = socket
    this.#tap = tap
    this.#largest = largest
  }

  sendSync(bytes: Uint8Array): void {
    this.#tap.sent.push(Buffer.from(bytes))
    this.#socket.sendSync(bytes)
  }

  async send(bytes: Uint8Array): Promise<void> {
    this.#tap.sent.push(Buffer.from(bytes))
    await this.#socket.send(bytes)
  }

  receiveSync(into: Uint8Array): number | undefined {
    return this.#keep(into, this.#socket.receiveSync(into.subarray(0, this.#largest)))
  }

  async receive(into: Uint8Array): Promise<number | undefined> {
    return this.#keep(into, await this.#socket.receive(into.subarray(0, this.#largest)))
  }

  close(): Promise<void> {
    return this.#socket.close()
  }

  #keep(into: Uint8Array, length: number | undefined): number | undefined {
    if (length !== undefined) this.#tap.received.push(Buffer.from(into.subarray(0, length)))
    return length
  }
}
