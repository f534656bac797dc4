import { type CallOptions, ownTurn, type PeerConfig } from '@wgctrl/types'

/** Entries of a config that are written together, and what becomes of them. */
export interface Order {
  readonly peers: readonly PeerConfig[]
  /** Gives up a write that has nothing else in it. Absent: it is made to its end. */
  readonly signal?: AbortSignal | undefined
  done(): void
  /** @param error is about this order, or about all that could be written */
  failed(error: unknown): void
}

type Write = (peers: PeerConfig[], call: CallOptions) => Promise<void>

/** What a device says, or its socket, whatever is written: no entry is at fault, and others would fare no better. */
const OF_THE_DEVICE = new Set<unknown>([
  ...['ABORT_ERR', 'ECLOSED', 'ECONNREFUSED', 'ENOBACKEND', 'ENODEV', 'EPERM', 'ETIMEDOUT'],
])

/**
 * Makes one write after the other: one begins at once, and what is ordered while it is under way goes into the next
 * one together.
 */
export class PeerWriter {
  readonly #next: () => Order[]
  readonly #write: Write
  #isWriting = false

  /**
   * @param next what shall be in the write that begins now; nothing: it waits to be woken
   * @param write writes entries of a config, in their order
   */
  constructor(next: () => Order[], write: Write) {
    this.#next = next
    this.#write = write
  }

  get isWriting(): boolean {
    return this.#isWriting
  }

  /** There is something to write. */
  wake(): void {
    if (this.#isWriting) return
    this.#isWriting = true
    void this.#writeAll()
  }

  async #writeAll(): Promise<void> {
    for (let orders = this.#next(); orders.length > 0; orders = this.#next()) {
      await writeOrders(orders, this.#write)
      // What comes of many is work enough for one turn.
      if (orders.length > 1) await ownTurn()
    }
    this.#isWriting = false
  }
}

/** Writes orders together; when that is refused, those that are not at fault without the others. */
export async function writeOrders(orders: readonly Order[], write: Write): Promise<void> {
  try {
    const signal = orders.every((order) => order.signal) ? orders[0]?.signal : undefined
    await write(
      orders.flatMap(({ peers }) => peers),
      { signal },
    )
  } catch (error) {
    const { code } = (error ?? {}) as { readonly code?: unknown }
    if (orders.length === 1 || OF_THE_DEVICE.has(code)) {
      for (const order of orders) order.failed(error)
      return
    }
    const cut = cutAt(orders, error)
    await writeOrders(orders.slice(0, cut), write)
    return await writeOrders(orders.slice(cut), write)
  }
  for (const order of orders) order.done()
}

/** Before the one that an error names; in the middle when it names none, or the first. */
function cutAt(orders: readonly Order[], error: unknown): number {
  const { path } = (error ?? {}) as { readonly path?: unknown }
  const [, index] = /^peers\[(\d+)\]/.exec(String(path)) ?? []
  if (index === undefined) return Math.ceil(orders.length / 2)
  let entries = 0
  const at = orders.findIndex(({ peers }) => {
    entries += peers.length
    return entries > Number(index)
  })
  return Math.max(1, at)
}
