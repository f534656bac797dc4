import type { Transport } from '@wgctrl/netlink'

/** What happens on a socket, for a fault to strike at: the n-th of its kind, from 1. */
export interface Moments {
  /** Before a set of a device is sent. */
  set?(n: number): void | Promise<void>
  /** Before a datagram of a dump of a device is read. */
  read?(n: number): void | Promise<void>
}

const GENL_CONTROL = 16
const SET_DEVICE = 1

/** A netlink socket on which faults strike between what the backend does. */
export class FaultyTransport implements Transport {
  readonly #inner: Transport
  readonly #moments: Moments
  #sets = 0
  #reads = 0

  constructor(inner: Transport, moments: Moments) {
    this.#inner = inner
    this.#moments = moments
  }

  sendSync(bytes: Uint8Array): void {
    const done = this.#sending(bytes)
    if (done) throw new Error('this fault needs a request that is sent off the event loop')
    this.#inner.sendSync(bytes)
  }

  async send(bytes: Uint8Array): Promise<void> {
    await this.#sending(bytes)
    await this.#inner.send(bytes)
  }

  receiveSync(into: Uint8Array): number | undefined {
    if (this.#moments.read?.(++this.#reads)) throw new Error('this fault needs a later read')
    return this.#inner.receiveSync(into)
  }

  async receive(into: Uint8Array): Promise<number | undefined> {
    await this.#moments.read?.(++this.#reads)
    return this.#inner.receive(into)
  }

  close(): Promise<void> {
    return this.#inner.close()
  }

  #sending(bytes: Uint8Array): void | Promise<void> {
    this.#reads = 0
    const isControl = bytes[4] === GENL_CONTROL && bytes[5] === 0
    if (isControl || bytes[16] !== SET_DEVICE) return undefined
    return this.#moments.set?.(++this.#sets)
  }
}
