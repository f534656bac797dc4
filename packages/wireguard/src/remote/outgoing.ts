import { frameOf } from './frame.js'
import { KIND } from './message.js'
import { type WritingContext, writeValue } from './value.js'

/** Items of a piece: as many as a list may have that travels where it stands. */
const PIECE = 64

/**
 * The frames of a message, made as they are asked for: its own, then the pieces of its long lists, of the lists in
 * those, and so on.
 *
 * @throws {WireGuardError} `EINVAL` when a value cannot travel
 */
export function* framesOf(
  message: readonly unknown[],
  context: Omit<WritingContext, 'listId'>,
): Generator<Buffer, void, undefined> {
  const lists: (readonly unknown[])[] = []
  const listId = (items: readonly unknown[]): number => lists.push(items) - 1
  yield frameOf(writeValue(message, { ...context, listId }))
  // Lists come to it meanwhile.
  for (let id = 0; id < lists.length; id++) {
    const items = lists[id] ?? []
    for (let at = 0; at < items.length; at += PIECE) {
      const piece = [KIND.piece, id, items.slice(at, at + PIECE)]
      yield frameOf(writeValue(piece, { ...context, listId }))
    }
    lists[id] = []
  }
}
