import { type CallOptions, DEFAULT_TIMEOUT } from '@wgctrl/types'

/** Milliseconds; a timeout of 0 would be a mistake instead of one that is over. */
const SHORTEST = 1

/**
 * The options of a call, each time with what is left of its time: a call that waits in line, for a name
 * server or for several backends has one timeout altogether.
 */
export function timeLeft<T extends CallOptions>(options: T): () => T {
  const start = performance.now()
  return () => {
    const { timeout = DEFAULT_TIMEOUT } = options
    const left = timeout - (performance.now() - start)
    return { ...options, timeout: Math.max(SHORTEST, left) }
  }
}

/**
 * The same of a call that waits for name servers first: how long these may take, says the number of tries,
 * unless the caller gave a timeout; the device has its usual time behind that.
 */
export function timeLeftBehindNames<T extends CallOptions>(options: T): () => T {
  return options.timeout === undefined ? () => options : timeLeft(options)
}

/** For what waits for name servers: no other timeout than one that the caller gave. */
export function callersTime({ signal, timeout }: CallOptions): CallOptions {
  return { signal, timeout: timeout ?? Number.POSITIVE_INFINITY }
}
