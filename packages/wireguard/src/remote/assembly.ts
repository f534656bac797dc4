import { brokenProtocol } from './encoding.js'
import { idIn, KIND, listIn, type Message, readMessage } from './message.js'
import { type ReadingContext, readValue } from './value.js'

/** A message with all of its pieces, and what has to be wiped behind it. */
export interface WholeMessage extends Message {
  readonly secrets: ReadingContext['secrets']
}

/** Where functions and signals of the other side come from. */
export type Callables = Pick<ReadingContext, 'functionOf' | 'signalOf'>

interface OpenList {
  readonly items: unknown[]
  left: number
}

interface Unfinished extends WholeMessage {
  readonly lists: Map<number, OpenList>
  /** Items that have to come. */
  left: number
  weight: number
}

/** Puts messages together of frames. Those with long lists are followed by the pieces of these, and by nothing else. */
export class Assembly {
  readonly #callables: Callables
  /** Looks at a message whose lists are still to come. */
  readonly #onHead: (message: Message) => void
  readonly #mostBytes: number
  #unfinished: Unfinished | undefined

  /** @param mostBytes of a message with all of its pieces, as they are weighed */
  constructor(
    callables: Callables,
    mostBytes: number,
    onHead: (message: Message) => void = () => {},
  ) {
    this.#callables = callables
    this.#mostBytes = mostBytes
    this.#onHead = onHead
  }

  /** A message has begun, and is not whole yet. */
  get isWaiting(): boolean {
    return this.#unfinished !== undefined
  }

  /**
   * @returns absent: it is not whole yet
   * @throws {WireGuardError} `EPROTO`
   */
  take(frame: Uint8Array): WholeMessage | undefined {
    const lists = new Map<number, OpenList>()
    const secrets: ReadingContext['secrets'] = []
    const before = this.#unfinished
    const open = before ?? { lists, secrets, left: 0, weight: 0 }
    const added = { count: 0 }
    const { value, weight } = readValue(frame, {
      ...this.#callables,
      secrets: open.secrets,
      openList: (id, length) => openList(open.lists, id, length, added),
    })
    const message = readMessage(value)
    open.weight += weight
    open.left += added.count
    if (open.weight > this.#mostBytes) throw brokenProtocol('a message is too large')
    if (message.kind === KIND.piece) return this.#addPiece(message)
    if (message.kind === KIND.cut) {
      this.clear()
      return undefined
    }
    // What does not wait in line, such as an abort, may come between the pieces. It has no lists.
    if (before && added.count > 0) throw brokenProtocol('a message within a message')
    if (before || open.left === 0) return { ...message, secrets: before ? [] : open.secrets }
    this.#unfinished = { ...message, ...open }
    this.#onHead(message)
    return undefined
  }

  /** Wipes what has come of a message. */
  clear(): void {
    wipe(this.#unfinished?.secrets ?? [])
    this.#unfinished = undefined
  }

  #addPiece({ id, rest }: Message): WholeMessage | undefined {
    const unfinished = this.#unfinished
    if (!unfinished) throw brokenProtocol('a piece of nothing')
    const list = unfinished.lists.get(id)
    const items = listIn(rest[0])
    if (!list || items.length > list.left) throw brokenProtocol('a piece of no list')
    list.left -= items.length
    unfinished.left -= items.length
    for (const item of items) list.items.push(item)
    if (unfinished.left > 0) return undefined
    this.#unfinished = undefined
    const { kind, id: call, rest: whole, secrets } = unfinished
    return { kind, id: call, rest: whole, secrets }
  }
}

function openList(
  lists: Map<number, OpenList>,
  id: number,
  length: number,
  added: { count: number },
): unknown[] {
  if (lists.has(idIn(id)) || length === 0) throw brokenProtocol('a list that was there before')
  const items: unknown[] = []
  lists.set(id, { items, left: length })
  added.count += length
  return items
}

export function wipe(secrets: ReadingContext['secrets']): void {
  for (const secret of secrets) {
    if (secret instanceof Uint8Array) secret.fill(0)
    else secret.wipe()
  }
}
