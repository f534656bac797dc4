import { type EventEmitter, once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

/** Waits for an event, or for so many milliseconds. The process stays alive meanwhile. */
export async function eventWithin(
  emitter: EventEmitter,
  name: string,
  milliseconds: number,
): Promise<void> {
  const over = new AbortController()
  const { signal } = over
  const either = [once(emitter, name, { signal }), sleep(milliseconds, undefined, { signal })]
  // What lost is aborted; nobody asks for it any more.
  for (const one of either) one.catch(() => {})
  await Promise.race(either).catch(() => {})
  over.abort()
}
