import { type FSWatcher, watch } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { inContext, type PublicKey, reasonWithin, slept } from '@wgctrl/types'
import type { ClientRules } from '../../clients/client.js'
import type { FileStoreConfig } from '../../config/gateway-config.js'
import { type FileStamp, isSameStamp, readTrusted } from '../../files/trusted-text.js'
import { ChangeQueue } from '../change-queue.js'
import type {
  ChangesOptions,
  ClientStore,
  Found,
  StoreChange,
  StoreEvents,
  StoreProblem,
} from '../store.js'
import { type ClientFiles, listClientFiles } from './client-files.js'
import { ClientIndex } from './client-index.js'
import { type Entries, readPeerBlocks } from './peer-blocks.js'

interface Loaded extends Entries {
  readonly stamp: FileStamp
}

/** Milliseconds between looks for a folder that is not there: nothing tells when it is made anew. */
const ABSENT = 250

/** Milliseconds for which files have to stay as they are before they are read: whoever writes one is done by then. */
const SETTLED = 100
/** How often that is waited for: a file that is written all the time is read all the same. */
const MOST_WAITS = 5
/** Milliseconds between looks where nothing tells of changes, as on network file systems. */
const LOOK = 2000

/**
 * Clients in files, as `[Peer]` blocks: a folder of `.conf` files, or one. Changes of the files are taken over as they
 * happen; what cannot be read leaves what was known.
 */
export class FileStore implements ClientStore {
  readonly #path: string
  readonly #rules: ClientRules
  readonly #events: StoreEvents
  readonly #index = new ClientIndex(Date.now() * 1000)
  readonly #queues = new Set<ChangeQueue>()
  readonly #closed = new AbortController()
  #files = new Map<string, Loaded>()
  #told = new Set<string>()
  #watcher: FSWatcher | undefined
  /** The folder that is watched; absent: another may have taken its place, also with the same number. */
  #watched: string | undefined
  #isStirred = false
  #wake = (): void => {}
  /** Looks come one after the other. */
  #looking: Promise<void> = Promise.resolve()
  #loop: Promise<void> | undefined

  private constructor(config: FileStoreConfig, rules: ClientRules, events: StoreEvents) {
    this.#path = config.path
    this.#rules = rules
    this.#events = events
  }

  /** @throws {WireGuardError} when the path cannot be read */
  static async open(
    config: FileStoreConfig,
    rules: ClientRules,
    events: StoreEvents,
  ): Promise<FileStore> {
    const store = new FileStore(config, rules, events)
    try {
      await store.#look()
    } catch (error) {
      throw inContext(error, { operation: 'store' })
    }
    store.#loop = store.#follow()
    return store
  }

  /** How many clients there are. */
  get size(): number {
    return this.#index.size
  }

  async find(publicKey: PublicKey): Promise<Found | undefined> {
    const client = this.#index.find(publicKey)
    return client && { client, revision: this.#index.revision }
  }

  async *changes({ since, signal }: ChangesOptions): AsyncGenerator<StoreChange, void, undefined> {
    const queue = new ChangeQueue()
    const { revision } = this.#index
    this.#queues.add(queue)
    const end = (): void => queue.end()
    signal.addEventListener('abort', end, { once: true })
    try {
      if (signal.aborted) return
      yield { type: since === revision ? 'current' : 'lost', revision }
      yield* queue
    } finally {
      signal.removeEventListener('abort', end)
      this.#queues.delete(queue)
    }
  }

  reload(): Promise<void> {
    return this.#look()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort()
    this.#watcher?.close()
    this.#stir()
    await this.#loop
    for (const queue of this.#queues) queue.end()
  }

  async #follow(): Promise<void> {
    const { signal } = this.#closed
    let pause = LOOK
    while (await this.#changed(pause)) {
      const start = performance.now()
      try {
        await this.#look()
        this.#tell([], [...this.#problems])
      } catch (error) {
        if (signal.aborted) return
        this.#tell([], [...this.#problems, problemOf(this.#path, error)])
      }
      // A look at very many files must not be all that is done.
      pause = Math.max(LOOK, 20 * (performance.now() - start))
    }
  }

  /** Waits for a sign of a change, or for some time. @returns whether to go on */
  async #changed(pause: number): Promise<boolean> {
    const { signal } = this.#closed
    const isAbsent = await this.#watch().then(
      () => false,
      ({ code }) => code === 'ENOENT',
    )
    const most = isAbsent ? Math.min(pause, ABSENT) : pause
    const passed = new AbortController()
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve
    })
    if (!this.#isStirred) await Promise.race([slept(most, passed.signal), woken])
    passed.abort()
    this.#isStirred = false
    return !signal.aborted
  }

  /** Something happened, which may be while nobody waits for it. */
  #stir(): void {
    this.#isStirred = true
    this.#wake()
  }

  /** Watches the folder; anew when another took its place. */
  async #watch(): Promise<void> {
    const status = await stat(this.#path, { bigint: true })
    const folder = status.isDirectory() ? this.#path : dirname(this.#path)
    const { dev, ino } = await stat(folder, { bigint: true })
    if (this.#watched === `${dev}:${ino}` && this.#watcher) return
    this.#watcher?.close()
    this.#watched = `${dev}:${ino}`
    const watcher = watch(folder, (_, name) => {
      // Of the folder itself: it was removed, or moved away.
      if (name === basename(folder)) this.#watched = undefined
      this.#stir()
    })
    // What changed since the last look nothing tells of.
    this.#stir()
    watcher.on('error', () => {
      watcher.close()
      if (this.#watcher === watcher) this.#watcher = undefined
    })
    if (this.#closed.signal.aborted) watcher.close()
    else this.#watcher = watcher
  }

  #problems: StoreProblem[] = []

  #look(): Promise<void> {
    const look = this.#looking.then(() => this.#lookOnce())
    this.#looking = look.catch(() => {})
    return look
  }

  async #lookOnce(): Promise<void> {
    const files = await this.#settled()
    if (!files) return
    const loaded = new Map<string, Loaded>()
    const problems: StoreProblem[] = []
    for (const [path, stamp] of files) {
      const before = this.#files.get(path)
      if (before && isSameStamp(before.stamp, stamp)) {
        loaded.set(path, before)
        continue
      }
      try {
        loaded.set(path, await this.#load(path))
      } catch (error) {
        if ((error as { code?: unknown }).code === 'ENOENT') continue
        problems.push(problemOf(path, error))
        // It is looked at again, and what it said stands until then.
        if (before) loaded.set(path, before)
      }
    }
    const outcome = await this.#index.replace(loaded)
    this.#files = loaded
    this.#problems = [...problems, ...outcome.problems]
    this.#tell(outcome.changes, this.#problems)
  }

  /** The files, once they stay as they are; `undefined` when nothing is to be read. */
  async #settled(): Promise<ClientFiles | undefined> {
    let files = await listClientFiles(this.#path)
    if (this.#isKnown(files)) return undefined
    for (let waits = 0; waits < MOST_WAITS; waits++) {
      if (!(await slept(SETTLED, this.#closed.signal))) return undefined
      const again = await listClientFiles(this.#path)
      const isSettled = isSame(files, again)
      files = again
      if (isSettled) break
    }
    return this.#isKnown(files) ? undefined : files
  }

  #isKnown(files: ClientFiles): boolean {
    return this.#files.size > 0 && isSame(files, stampsOf(this.#files))
  }

  async #load(path: string): Promise<Loaded> {
    const { text, stamp } = await readTrusted(path)
    return { ...(await readPeerBlocks(text, this.#rules)), stamp }
  }

  #tell(changes: readonly StoreChange[], problems: readonly StoreProblem[]): void {
    for (const queue of this.#queues) for (const change of changes) queue.push(change)
    const told = new Set<string>()
    for (const problem of problems) {
      const key = `${problem.place} ${problem.message}`
      if (!this.#told.has(key) && !told.has(key)) this.#events.onProblem(problem)
      told.add(key)
    }
    this.#told = told
  }
}

const problemOf = (place: string, error: unknown): StoreProblem => ({
  place,
  message: reasonWithin(error),
})

const stampsOf = (files: ReadonlyMap<string, Loaded>): ClientFiles =>
  new Map([...files].map(([path, { stamp }]) => [path, stamp]))

const isSame = (one: ClientFiles, other: ClientFiles): boolean =>
  one.size === other.size && [...one].every(([path, stamp]) => isSameStamp(stamp, other.get(path)))
