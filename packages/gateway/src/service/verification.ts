import { type PublicKey, reasonWithin, refuseAborted } from '@wgctrl/types'
import type { Peer } from 'wgctrl'
import { type Client, isPeerOf } from '../clients/client.js'
import type { ClientFinder } from './client-finder.js'
import type { ClientChanges } from './store-follower.js'

export interface VerificationContext {
  readonly finder: Pick<ClientFinder, 'ask' | 'toldSince'>
  /** Reads the device's peers; their preshared keys are wiped afterwards. */
  peers(): Promise<readonly Peer[]>
  /** Who is in the device, as far as is known. */
  present(): readonly PublicKey[]
  /** A client could not be asked for. Told once while that lasts. */
  onFailed(error: unknown, publicKey: PublicKey): void
}

type Peers = ReadonlyMap<PublicKey, Peer>

/** How many clients are asked for at once. */
const ASKED_AT_ONCE = 32

/** What says nothing of the client who was asked for: the store may be away. */
const AWAY: ReadonlySet<unknown> = new Set(['EAGAIN', 'ETIMEDOUT'])

/**
 * Asks for everybody who is in, and tells the differences: changes were lost. Whose record cannot be used stays as he is,
 * and is asked for again: he holds up nobody else.
 */
export class Verification {
  readonly #context: VerificationContext
  /** Who has to be asked for again, in this order, and why; `undefined`: he was not asked for yet. */
  #left: ReadonlyMap<PublicKey, string | undefined> = new Map()

  constructor(context: VerificationContext) {
    this.#context = context
  }

  /**
   * @param isAnew asks for everybody; else for those who are left of the last time
   * @param apply has changes applied
   * @returns whether nobody is left
   * @throws what reading the device throws
   * @throws {AbortError}
   */
  async run(
    isAnew: boolean,
    apply: (changes: ClientChanges) => void,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { keys, peers } = await readPresent(this.#context, isAnew ? undefined : this.#left)
    const left = new Map<PublicKey, string | undefined>()
    let rest = keys
    try {
      while (rest.length > 0) {
        const batch = rest.slice(0, ASKED_AT_ONCE)
        rest = rest.slice(ASKED_AT_ONCE)
        const { asked, failed } = await askedFor(this.#context.finder, batch, signal)
        refuseAborted(signal)
        const changes = [...asked].filter(([key, client]) => {
          const peer = peers.get(key)
          return !client || !peer || !isPeerOf(peer, client)
        })
        if (changes.length > 0) apply(new Map(changes))
        for (const [key, error] of failed) left.set(key, this.#tell(key, error))
        if (asked.size === 0 && [...failed.values()].every(isAway)) break
      }
    } finally {
      wipe(peers)
    }
    // Those who were not asked for come first: others may fail each time.
    this.#left = new Map([...rest.map((key) => [key, this.#left.get(key)] as const), ...left])
    return this.#left.size === 0
  }

  #tell(key: PublicKey, error: unknown): string {
    const reason = reasonWithin(error)
    if (this.#left.get(key) !== reason) this.#context.onFailed(error, key)
    return reason
  }
}

const isAway = (error: unknown): boolean => AWAY.has((error as { code?: unknown }).code)

/** Whoever came in while the device was read is not changed for it: another reading has him. */
async function readPresent(
  { peers, present }: VerificationContext,
  left: ReadonlyMap<PublicKey, unknown> | undefined,
): Promise<{ keys: readonly PublicKey[]; peers: Peers }> {
  const first = byKey(await peers())
  const isIn = new Set(present())
  const keys = [...(left?.keys() ?? isIn)].filter((key) => isIn.has(key))
  if (keys.every((key) => first.has(key))) return { keys, peers: first }
  wipe(first)
  return { keys, peers: byKey(await peers()) }
}

/** What the store has for clients now, unless it tells of a change meanwhile, which is newer; and why it says nothing of some. */
async function askedFor(
  finder: VerificationContext['finder'],
  keys: readonly PublicKey[],
  signal: AbortSignal,
): Promise<{ asked: Map<PublicKey, Client | null>; failed: Map<PublicKey, unknown> }> {
  const begun = performance.now()
  const answers = await Promise.allSettled(keys.map((key) => finder.ask(key, signal)))
  const asked = new Map<PublicKey, Client | null>()
  const failed = new Map<PublicKey, unknown>()
  for (const [at, key] of keys.entries()) {
    const answer = answers[at] as PromiseSettledResult<Client | undefined>
    const told = finder.toldSince(key, begun)
    if (told !== undefined) asked.set(key, told)
    else if (answer.status === 'fulfilled') asked.set(key, answer.value ?? null)
    else failed.set(key, answer.reason)
  }
  return { asked, failed }
}

const byKey = (peers: readonly Peer[]): Peers =>
  new Map(peers.map((peer) => [peer.publicKey, peer]))

function wipe(peers: Peers): void {
  for (const { presharedKey } of peers.values()) presharedKey?.wipe()
}
