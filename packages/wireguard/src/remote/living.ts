import type { Peer, PublicKey } from '@wgctrl/types'
import { type HandshakeCounters, NO_PACKETS } from '../handshakes/counters.js'
import type { Initiation } from '../handshakes/handshakes.js'
import type { ChangedPeers } from '../just-in-time/just-in-time.js'
import {
  type FoundPeer,
  type JustInTimeCounters,
  NOTHING_HAPPENED,
} from '../just-in-time/options.js'
import type { TrafficLedger } from '../traffic/traffic-ledger.js'
import type { WatchEvent } from '../watch/events.js'
import { DEFAULT_INTERVAL, type WatchOptions } from '../watch/watcher.js'
import type { Gateway, HandshakeStream, Keeper, WatchStream } from '../wire-guard-client.js'
import { ClientStream, type StreamCall } from './client-stream.js'
import { unpackPeer } from './packed-peer.js'
import type { LedgerEntry } from './source.js'

/** The peers of a device of the server's. */
export class RemotePeers extends ClientStream<Peer> {
  protected override received(packed: readonly unknown[]): void {
    super.received(packed.map(unpackPeer))
  }
}

/** A watch of the server's. */
export class RemoteWatcher
  extends ClientStream<WatchEvent, { pending: number }>
  implements WatchStream
{
  readonly name: string | undefined
  readonly interval: number
  readonly initial: boolean

  constructor(call: StreamCall, name: string | undefined, options: WatchOptions) {
    super(call)
    this.name = name
    this.interval = options.interval ?? DEFAULT_INTERVAL
    this.initial = options.initial === true
  }

  /** How many events wait at the server, as it said last, and here. */
  get pending(): number {
    return (this.state?.pending ?? 0) + this.waiting
  }
}

export class RemoteHandshakes
  extends ClientStream<Initiation, { counters: HandshakeCounters }>
  implements HandshakeStream
{
  /** As the server said last: once a second while they change. */
  get counters(): HandshakeCounters {
    return { ...NO_PACKETS, ...this.state?.counters }
  }

  async start(): Promise<void> {
    try {
      await this.begun()
    } catch (error) {
      await this.return()
      throw error
    }
  }
}

interface GatewayState {
  readonly counters: JustInTimeCounters
  readonly handshakeCounters: HandshakeCounters
  readonly size: number
}

/** Items do not come of it: it lives, and ends. */
class GatewayLife extends ClientStream<never, GatewayState> {
  override get state(): GatewayState | undefined {
    return super.state
  }

  override begun(): Promise<void> {
    return super.begun()
  }

  override ask(name: string, args: readonly unknown[]): Promise<unknown> {
    return super.ask(name, args)
  }
}

export class RemoteGateway implements Gateway {
  readonly finished: Promise<void>
  readonly #life: GatewayLife
  readonly #signal: AbortSignal | undefined
  #finish: (outcome: Promise<void>) => void = () => {}

  constructor(call: StreamCall) {
    this.#signal = call.signal
    this.#life = new GatewayLife({ ...call, signal: undefined })
    this.finished = new Promise((resolve) => {
      this.#finish = resolve
    })
    this.finished.catch(() => {})
  }

  /** @throws what the start of it throws */
  async begin(): Promise<void> {
    const abort = (): void => void this.close()
    this.#signal?.throwIfAborted()
    this.#signal?.addEventListener('abort', abort, { once: true })
    try {
      await this.#life.begun()
    } catch (error) {
      this.#finish(Promise.reject(error))
      await this.#life.return()
      throw error
    }
    const ended = this.#life.next().then(() => {})
    this.#finish(ended.finally(() => this.#signal?.removeEventListener('abort', abort)))
  }

  /** As the server said last: once a second while they change. */
  get counters(): JustInTimeCounters {
    return { ...NOTHING_HAPPENED, ...this.#life.state?.counters }
  }

  get handshakeCounters(): HandshakeCounters {
    return { ...NO_PACKETS, ...this.#life.state?.handshakeCounters }
  }

  get size(): number {
    return this.#life.state?.size ?? 0
  }

  forget(publicKey?: PublicKey): void {
    this.#life.ask('forget', [publicKey]).catch(() => {})
  }

  async change(changes: ReadonlyMap<PublicKey, FoundPeer | null>): Promise<ChangedPeers> {
    return (await this.#life.ask('change', [[...changes]])) as ChangedPeers
  }

  async release(keys: Iterable<PublicKey>): Promise<readonly PublicKey[]> {
    return (await this.#life.ask('release', [[...keys]])) as PublicKey[]
  }

  async close(): Promise<void> {
    await this.#life.return()
    await this.finished.catch(() => {})
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/** What a server reads for a ledger of this process. */
export class RemoteKeeper implements Keeper {
  readonly #entries: LedgerStream
  readonly #finished: Promise<void>

  constructor(
    call: StreamCall,
    ledger: TrafficLedger,
    onError: ((error: unknown) => unknown) | undefined,
  ) {
    this.#entries = new LedgerStream(call, ledger)
    this.#finished = this.#entries.next().then(
      () => {},
      (error) => {
        if (!call.signal?.aborted) onError?.(error)
      },
    )
  }

  async close(): Promise<void> {
    await this.#entries.return()
    await this.#finished
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/** Entries are made as they come: what a change sets back was counted before the change is over. */
class LedgerStream extends ClientStream<LedgerEntry> {
  readonly #ledger: TrafficLedger

  constructor(call: StreamCall, ledger: TrafficLedger) {
    super(call)
    this.#ledger = ledger
  }

  protected override received(entries: readonly LedgerEntry[]): void {
    for (const entry of entries) {
      if ('update' in entry) this.#ledger.update(entry.update)
      else this.#ledger.removed(entry.removed, entry.publicKeys ?? undefined)
    }
    this.counted(entries.length)
  }
}
