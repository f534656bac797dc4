import { NetlinkError } from './errors.js'
import type { Rtnl } from './rtnl.js'

/**
 * A dump of a device that waits for its consumer.
 *
 * An unfinished dump keeps a reference to its device, and the kernel's deletion of a device waits until the
 * last reference is gone: in the midst of the system call, out of reach of signals, SIGKILL among them. A
 * process that deletes a device in the midst of reading it would wait for itself, for ever.
 *
 * @source drivers/net/wireguard/netlink.c, wg_get_device_start and _done; net/core/dev.c, netdev_run_todo;
 * shown on a real kernel by test/kernel/guest/deletion.test.ts
 */
export interface OpenRead {
  /** Names the network namespace among all of this machine. */
  readonly namespace: string
  readonly index: number
  /** Ends the read with an error; resolves when the kernel has let go of the device. */
  end(error: unknown): Promise<void>
}

/** Shared by all copies of this package in a thread: two versions, ESM beside CommonJS. */
const registry: unique symbol = Symbol.for('wgctrl.open-reads.1') as never

const scope = globalThis as { [registry]?: Set<OpenRead> }
scope[registry] ??= new Set()
const reads: Set<OpenRead> = scope[registry]

/** Ends all reads of a device in this thread; resolves when the kernel has let go of them. */
export async function endReads(namespace: string, index: number, error: unknown): Promise<void> {
  const found = [...reads].filter((read) => read.namespace === namespace && read.index === index)
  await Promise.all(found.map((read) => read.end(error)))
}

/** Milliseconds between two looks whether the links of open reads are still there. */
const LOOK_INTERVAL = 200

/**
 * The open reads of one backend. Those of a link that somebody deletes, or moves to another namespace, are
 * ended: the kernel takes a link off its list before it waits for those who hold it. That is how reads of
 * other threads, and deletions by other programs, do not wait for a consumer.
 */
export class OpenReads {
  readonly #own = new Set<OpenRead>()
  readonly #openRtnl: () => Promise<Rtnl>
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> | undefined

  constructor(openRtnl: () => Promise<Rtnl>) {
    this.#openRtnl = openRtnl
  }

  add(read: OpenRead): void {
    reads.add(read)
    this.#own.add(read)
    this.#timer ??= setInterval(() => this.#lookOnce(), LOOK_INTERVAL).unref()
  }

  remove(read: OpenRead): void {
    reads.delete(read)
    this.#own.delete(read)
    if (this.#own.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  async endAll(error: unknown): Promise<void> {
    await Promise.all([...this.#own].map((read) => read.end(error)))
    await this.#looking
  }

  #lookOnce(): void {
    // What cannot be asked now, for want of a descriptor, is asked again the next time.
    const nothing = (): void => {}
    this.#looking ??= this.#look().then(nothing, nothing)
    this.#looking.finally(() => {
      this.#looking = undefined
    })
  }

  async #look(): Promise<void> {
    await using rtnl = await this.#openRtnl()
    for (const read of [...this.#own]) {
      const error = await absence(rtnl, read.index)
      if (error !== undefined) await read.end(error)
    }
  }
}

/** What the kernel says when it has no such link any more. */
async function absence(rtnl: Rtnl, index: number): Promise<unknown> {
  try {
    await rtnl.link(index)
    return undefined
  } catch (error) {
    if (error instanceof NetlinkError && error.code === 'ENODEV') return goneError()
    throw error
  }
}

/** What the reader of a device gets that went. */
export function goneError(): NetlinkError {
  return new NetlinkError('the device went while it was read', { code: 'ENODEV' })
}
