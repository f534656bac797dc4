import { onAbort } from './abort-listeners.js'
import { abortReason, refuseAborted } from './call.js'
import { ofProcess } from './of-process.js'

/** The last call in each line; a line that nobody stands in has no entry. */
const tails = ofProcess<Map<string, Promise<unknown>>>('lines of calls, 1', () => new Map())

/**
 * Runs `task` when all calls before it on the same device are over, in order of arrival. Calls on
 * other devices run side by side. A call that is aborted while it waits leaves the line at once.
 *
 * @param key names the device among all of this process: two clients of one device share a line. Several:
 *   the call stands in all of these lines, and has taken its place in each before another call is made
 * @param signal ends the wait when it fires before the task started, see {@link abortReason}
 */
export async function inTurn<T>(
  key: string | readonly string[],
  signal: AbortSignal,
  task: () => Promise<T>,
): Promise<T> {
  const keys = typeof key === 'string' ? [key] : key
  const before = callsBefore(keys)
  let leave: () => void = () => {}
  const done = new Promise<void>((resolve) => {
    leave = resolve
  })
  for (const one of keys) addToLine(one, done)
  try {
    if (before) await abortable(before, signal)
    refuseAborted(signal)
    return await task()
  } finally {
    leave()
  }
}

/** Waits for the calls before it without holding up those behind: for streams, which may be slow. */
export async function afterTurns(
  key: string | readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const before = callsBefore(typeof key === 'string' ? [key] : key)
  if (before) await abortable(before, signal)
  refuseAborted(signal)
}

/** Fulfils when those who stand in these lines are done; absent: nobody does. */
function callsBefore(keys: readonly string[]): Promise<unknown> | undefined {
  const before = keys.flatMap((key) => tails.get(key) ?? [])
  return before.length > 1 ? Promise.all(before) : before[0]
}

function addToLine(key: string, done: Promise<void>): void {
  const before = tails.get(key)
  const tail = before ? Promise.all([before, done]) : done
  tails.set(key, tail)
  tail.then(() => {
    if (tails.get(key) === tail) tails.delete(key)
  })
}

/** Waits for `promise`, or throws what {@link abortReason} says. The promise itself goes on. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(abortReason(signal))
    const unlisten = signal.aborted ? giveUp() : onAbort(signal, giveUp)
    // Also when nobody waits any more: a rejection that nobody hears ends the process.
    promise.then(resolve, reject).finally(() => unlisten?.())
  })
}
