import type { PublicKey } from '@wgctrl/types'
import { type Client, isSameClient } from '../../clients/client.js'
import type { StoreChange, StoreProblem } from '../store.js'
import { Turns } from '../turns.js'
import type { Entries } from './peer-blocks.js'

interface Indexed {
  readonly client: Client
  readonly file: string
  readonly line: number
}

/** All clients of all files by their keys: of two that claim the same the first keeps it. */
export class ClientIndex {
  #clients = new Map<PublicKey, Indexed>()
  #revision: number

  /** @param revision to begin with */
  constructor(revision: number) {
    this.#revision = revision
  }

  get size(): number {
    return this.#clients.size
  }

  get revision(): number {
    return this.#revision
  }

  find(publicKey: PublicKey): Client | undefined {
    return this.#clients.get(publicKey)?.client
  }

  /**
   * Takes over what the files say. One call at a time.
   *
   * @param files in their order, which is the order of their claims
   * @returns what changed by it, and what is wrong
   */
  async replace(files: ReadonlyMap<string, Entries>): Promise<{
    changes: StoreChange[]
    problems: StoreProblem[]
  }> {
    const before = this.#clients
    const turns = new Turns()
    const { clients, problems } = await merged(files, before, turns)
    const changes: StoreChange[] = []
    let revision = this.#revision
    for (const [publicKey, { client }] of clients) {
      await turns.next()
      const old = before.get(publicKey)
      if (old && isSameClient(old.client, client)) continue
      const type = old ? 'changed' : 'added'
      changes.push({ type, publicKey, client, revision: ++revision })
    }
    for (const publicKey of before.keys()) {
      await turns.next()
      if (clients.has(publicKey)) continue
      changes.push({ type: 'revoked', publicKey, revision: ++revision })
    }
    // At once: an answer has the revision of what it says.
    ;[this.#clients, this.#revision] = [clients, revision]
    return { changes, problems }
  }
}

async function merged(
  files: ReadonlyMap<string, Entries>,
  before: ReadonlyMap<PublicKey, Indexed>,
  turns: Turns,
) {
  const clients = new Map<PublicKey, Indexed>()
  const networks = new Map<string, string>()
  const problems: StoreProblem[] = []
  const claim = (publicKey: PublicKey, indexed: Indexed): void => {
    const { client, file, line } = indexed
    const place = `${file}:${line}`
    const other = clients.get(publicKey)
    if (other) {
      const message = `the same PublicKey as at ${other.file}:${other.line}, which counts`
      return void problems.push({ place, message })
    }
    const taken = client.allowedIPs.find((cidr) => networks.has(cidr))
    if (taken !== undefined) {
      const message = `${taken} is a network of the client at ${networks.get(taken)}, which keeps it`
      return void problems.push({ place, message })
    }
    clients.set(publicKey, indexed)
    for (const cidr of client.allowedIPs) networks.set(cidr, place)
  }
  for (const [file, { good, bad }] of files) {
    for (const { publicKey, client, line } of good) {
      await turns.next()
      claim(publicKey, { client, file, line })
    }
    for (const { line, message, publicKey } of bad) {
      await turns.next()
      problems.push({ place: `${file}:${line}`, message })
      // A mistake is no revocation: who was let in by this file stays as he was until it is mended.
      const old = publicKey === undefined ? undefined : before.get(publicKey)
      if (publicKey !== undefined && old?.file === file) claim(publicKey, old)
    }
  }
  return { clients, problems }
}
