import type { PublicKey } from '@wgctrl/types'
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
  apply(changes: ClientChanges): Promise<void>
}

type Peers = ReadonlyMap<PublicKey, Peer>

/** How many clients are asked for at once. */
const ASKED_AT_ONCE = 32

/**
 * Asks for everybody who is in, and has the differences applied: changes were lost.
 *
 * @throws what the store and the device throw
 */
export async function verifyClients(
  context: VerificationContext,
  signal: AbortSignal,
): Promise<void> {
  const { keys, peers } = await readPresent(context)
  try {
    for (let at = 0; at < keys.length; at += ASKED_AT_ONCE) {
      const asked = await askedFor(context.finder, keys.slice(at, at + ASKED_AT_ONCE), signal)
      const changes = [...asked].filter(([key, client]) => {
        const peer = peers.get(key)
        return !client || !peer || !isPeerOf(peer, client)
      })
      if (changes.length > 0) await context.apply(new Map(changes))
    }
  } finally {
    wipe(peers)
  }
}

/** Whoever came in while the device was read is not changed for it: another reading has him. */
async function readPresent({
  peers,
  present,
}: VerificationContext): Promise<{ keys: readonly PublicKey[]; peers: Peers }> {
  const first = byKey(await peers())
  const keys = present()
  if (keys.every((key) => first.has(key))) return { keys, peers: first }
  wipe(first)
  return { keys, peers: byKey(await peers()) }
}

/** What the store has for clients now, unless it tells of a change meanwhile, which is newer. */
async function askedFor(
  finder: VerificationContext['finder'],
  keys: readonly PublicKey[],
  signal: AbortSignal,
): Promise<Map<PublicKey, Client | null>> {
  const begun = performance.now()
  const asked = await Promise.all(
    keys.map(async (key) => [key, (await finder.ask(key, signal)) ?? null] as const),
  )
  return new Map(
    asked.map(([key, client]) => {
      const told = finder.toldSince(key, begun)
      return [key, told === undefined ? client : told] as const
    }),
  )
}

const byKey = (peers: readonly Peer[]): Peers =>
  new Map(peers.map((peer) => [peer.publicKey, peer]))

function wipe(peers: Peers): void {
  for (const { presharedKey } of peers.values()) presharedKey?.wipe()
}
