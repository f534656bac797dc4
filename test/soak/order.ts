/** What one call on an interface was to do, and what became of it. */
export interface Done {
  readonly kind: 'up' | 'down' | 'sync' | 'reconcile' | 'configure'
  readonly name: string
  /** What is there afterwards; of `configure`, what is added. */
  readonly peers: readonly string[]
  /** Nanoseconds of a clock that all processes share. */
  readonly start: number
  readonly end: number
  readonly error?: { readonly code: string; readonly message: string } | undefined
}

/** The keys of an interface's peers; absent: there is no interface. */
type State = readonly string[] | undefined

/**
 * Looks for an order of the calls that explains all that they said and what is there in the end. A call that
 * was over before another began comes before it.
 *
 * @returns the order; absent: there is none, so one of them said what is not so
 */
export function explain(before: State, calls: readonly Done[], after: State): Done[] | undefined {
  if (calls.length === 0) return isSame(before, after) ? [] : undefined
  for (const call of calls) {
    const rest = calls.filter((other) => other !== call)
    if (rest.some((other) => other.end < call.start)) continue
    for (const outcome of outcomes(before, call)) {
      const order = explain(outcome.after, rest, after)
      if (order) return [call, ...order]
    }
  }
  return undefined
}

/** A daemon that goes away under a call. */
const LOST = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'EPROTO'])

/** What may be there after a call; none: it cannot have said what it said. */
function outcomes(state: State, { kind, peers, error }: Done): { readonly after: State }[] {
  if (error === undefined) {
    if (kind === 'up') return state === undefined ? [{ after: peers }] : []
    if (state === undefined) return []
    if (kind === 'down') return [{ after: undefined }]
    return [{ after: kind === 'configure' ? [...new Set([...state, ...peers])] : peers }]
  }
  if (kind === 'up') return error.code === 'EEXIST' && state !== undefined ? [{ after: state }] : []
  if (error.code === 'ENODEV') return state === undefined ? [{ after: state }] : []
  return kind === 'configure' && LOST.has(error.code) ? [{ after: state }] : []
}

const isSame = (one: State, other: State): boolean =>
  [...(one ?? ['none'])].sort().join() === [...(other ?? ['none'])].sort().join()
