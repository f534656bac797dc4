import type { PacketSource } from '../handshakes.js'
import type { initiationFilter } from '../initiation-filter.js'
import { runBpf } from './bpf-machine.js'

/** Packets that a test sends, behind the filter that the listener sets. */
export class FakePackets implements PacketSource {
  drops = 0
  isClosed = false
  /** How often a filter was set. */
  armed = 0
  readonly #queue: Uint8Array[] = []
  #filter: ReturnType<typeof initiationFilter> = []
  #wake = (): void => {}

  /** @returns whether the filter let it through */
  send(packet: Uint8Array): boolean {
    const protocol = (packet[0] as number) >> 4 === 4 ? 0x0800 : 0x86dd
    const facts = { protocol, packetType: 0 }
    if (this.#filter.length === 0 || runBpf(this.#filter, packet, facts) === 0) return false
    this.#queue.push(packet)
    this.#wake()
    return true
  }

  attach(filter: ReturnType<typeof initiationFilter>): void {
    this.#filter = filter
    this.armed++
  }

  take(): Uint8Array | undefined {
    return this.#queue.shift()
  }

  async wait(): Promise<boolean> {
    while (this.#queue.length === 0 && !this.isClosed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    return !this.isClosed
  }

  async close(): Promise<void> {
    this.isClosed = true
    this.#wake()
  }
}
