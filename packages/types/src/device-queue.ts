import { onAbort } from './abort-listeners.js'
import { abortReason, refuseAborted } from './call.js'

/** The last call in line for each device of this process; a device that nobody uses has no entry. */
const tails = new Map<string, Promise<unknown>>()

/**
 * Runs `task` when all calls before it on the same device are over, in order of arrival. Calls on
 * other devices run side by side. A call that is aborted while it waits leaves the line at once.
 *
 * @param key names the device among all of this process: two clients of one device share a line
 * @param signal ends the wait when it fires before the task started, see {@link abortReason}
 */
export async function inTurn<T>(
  key: string,
  signal: AbortSignal,
  task: () => Promise<T>,
): Promise<T> {
  const before = tails.get(key)
  let leave: () => void = () => {}
  const done = new Promise<void>((resolve) => {
    leave = resolve
  })
  const tail = before ? Promise.all([before, done]) : done
  tails.set(key, tail)
  tail.then(() => {
    if (tails.get(key) === tail) tails.delete(key)
  })
  try {
    if (before) await abortable(before, signal)
    refuseAborted(signal)
    return await task()
  } finally {
    leave()
  }
}

/** Waits for the calls before it without holding up those behind: for streams, which may be slow. */
export async function afterTurns(key: string, signal: AbortSignal): Promise<void> {
  const before = tails.get(key)
  if (before) await abortable(before, signal)
  refuseAborted(signal)
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
