import type { WireGuard } from './client.js'
import type { HandshakeOptions, Handshakes, Initiation } from './handshakes/handshakes.js'
import type { JustInTime } from './just-in-time/just-in-time.js'
import type { JustInTimeOptions } from './just-in-time/options.js'
import type { KeepLedgerOptions, LedgerKeeper } from './traffic/ledger-keeper.js'
import type { TrafficLedger } from './traffic/traffic-ledger.js'
import type { WatchEvent } from './watch/events.js'
import type { Watcher, WatchOptions } from './watch/watcher.js'

/** What of a class others can use, and so what another class can be in its place. */
export type PublicOf<T> = { [name in keyof T]: T[name] }

/** Calls whose results are objects that live on. */
export type Living = 'watch' | 'handshakes' | 'justInTime' | 'keepLedger'

/**
 * All that a {@link WireGuard} does, whoever does it: `open()` gives one for this machine, `connect()` one for whatever
 * serves it. What programs take that do not mind which it is.
 */
export interface WireGuardClient extends Omit<PublicOf<WireGuard>, Living> {
  watch(name?: string, options?: WatchOptions): WatchStream
  handshakes(name: string, options?: HandshakeOptions): HandshakeStream
  justInTime(name: string, options: JustInTimeOptions): Promise<Gateway>
  keepLedger(ledger: TrafficLedger, options?: KeepLedgerOptions): Keeper
}

/** What `watch` gives. */
export type WatchStream = AsyncIterableIterator<WatchEvent, void, undefined> &
  AsyncDisposable &
  Pick<Watcher, 'name' | 'interval' | 'initial' | 'pending' | 'return'>

/** What `handshakes` gives. */
export type HandshakeStream = AsyncIterableIterator<Initiation, void, undefined> &
  AsyncDisposable &
  Pick<Handshakes, 'counters' | 'start' | 'return'>

/** What `justInTime` gives. Which keys are in the device, a reading of that tells. */
export type Gateway = AsyncDisposable &
  Omit<PublicOf<JustInTime>, 'has' | 'initiated' | 'present' | 'start'>

/** What `keepLedger` gives. */
export type Keeper = AsyncDisposable & Pick<LedgerKeeper, 'close'>
