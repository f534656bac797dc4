import type { PublicKey } from '@wgctrl/types'
import type { Client } from '../clients/client.js'

/** A client, and how old what is known of it is. */
export interface Found {
  readonly client: Client
  /** The store's revision that gave the client this form. Absent: the store does not say. */
  readonly revision?: number | undefined
}

/** What happened in a store. */
export type StoreChange =
  | {
      /** Two words for one thing where a store cannot tell whether a client was there before. */
      readonly type: 'added' | 'changed'
      readonly publicKey: PublicKey
      readonly client: Client
      /** Grows with each change of the store. */
      readonly revision: number
    }
  | { readonly type: 'revoked'; readonly publicKey: PublicKey; readonly revision: number }
  /** What came before cannot be told, and what was said may be wrong: whoever holds clients asks for each of them anew. */
  | { readonly type: 'lost'; readonly revision: number }
  /**
   * A store that tells of no changes has this in intervals: whoever holds clients asks for each of them anew. Nothing was
   * lost: what it said before may be kept.
   */
  | { readonly type: 'due'; readonly revision: number }
  /** The store is there, and all up to this revision has been told. */
  | { readonly type: 'current'; readonly revision: number }

export interface ChangesOptions {
  /**
   * The revision up to which all is known. Absent, or when what came behind it is not known any more: the first change is
   * `lost`.
   */
  readonly since?: number | undefined
  /** Ends the changes. */
  readonly signal: AbortSignal
}

/**
 * Where clients are known. It may hold any number of them: a gateway asks for one key at a time, and hears of changes.
 *
 * Both calls may fail at any time, which means that the store is away; whoever calls tries again.
 */
export interface ClientStore extends AsyncDisposable {
  /**
   * The client with a key; `undefined`: nobody has it.
   *
   * @throws when the store is away, and when what it has for the key is no client
   */
  find(publicKey: PublicKey, options: { readonly signal: AbortSignal }): Promise<Found | undefined>
  /**
   * What changes, as it does, until `signal` fires.
   *
   * @throws when the store is away
   */
  changes(options: ChangesOptions): AsyncIterable<StoreChange>
  /**
   * Waits while it is away, until it is worth another try, at most so many milliseconds. Absent: it does not notice that
   * by itself.
   *
   * @returns whether it came back meanwhile
   */
  returned?(most: number, signal: AbortSignal): Promise<boolean>
  /** Looks at once for what it would find by itself later. Absent: there is nothing to look at. */
  reload?(): Promise<void>
}

/** What is wrong with one entry of a store; the others are not concerned. */
export interface StoreProblem {
  /** A path, with the line; a key; an address. */
  readonly place: string
  readonly message: string
}

export interface StoreEvents {
  /** Told once for as long as a problem lasts. */
  onProblem(problem: StoreProblem): void
}
