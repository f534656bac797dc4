import { getEventListeners } from 'node:events'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type CallOptions, DEFAULT_TIMEOUT, Deadline } from './call.js'
import { AbortError, WireGuardError } from './errors.js'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  expect(vi.getTimerCount(), 'timers left behind').toBe(0)
  vi.useRealTimers()
})

const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length

describe('Deadline', () => {
  it('ends the call with ETIMEDOUT', () => {
    const deadline = new Deadline({ timeout: 100 })
    vi.advanceTimersByTime(99)
    expect(deadline.signal.aborted).toBe(false)
    vi.advanceTimersByTime(1)
    expect(deadline.signal.reason).toBeInstanceOf(WireGuardError)
    expect(deadline.signal.reason).toMatchObject({ code: 'ETIMEDOUT' })
  })

  it.each([[undefined], [{}], [{ timeout: undefined, signal: undefined }]])(
    'takes the default for %o',
    (options) => {
      const deadline = new Deadline(options)
      vi.advanceTimersByTime(DEFAULT_TIMEOUT - 1)
      expect(deadline.signal.aborted).toBe(false)
      vi.advanceTimersByTime(1)
      expect(deadline.signal.aborted).toBe(true)
    },
  )

  it('has no limit with Infinity', () => {
    const deadline = new Deadline({ timeout: Number.POSITIVE_INFINITY })
    expect(vi.getTimerCount()).toBe(0)
    deadline.pause()
    deadline.resume()
    expect(vi.getTimerCount()).toBe(0)
    expect(deadline.signal.aborted).toBe(false)
  })

  it('does not fire at once with more than a timer can count', () => {
    const deadline = new Deadline({ timeout: 1e12 })
    vi.advanceTimersByTime(1000)
    expect(deadline.signal.aborted).toBe(false)
    deadline.end()
  })

  it('does not count the time between pause and resume', () => {
    const deadline = new Deadline({ timeout: 100 })
    for (let round = 0; round < 3; round++) {
      vi.advanceTimersByTime(30)
      deadline.pause()
      deadline.pause()
      expect(vi.getTimerCount()).toBe(0)
      vi.advanceTimersByTime(10_000)
      deadline.resume()
      deadline.resume()
      expect(vi.getTimerCount()).toBe(1)
    }
    vi.advanceTimersByTime(9)
    expect(deadline.signal.aborted).toBe(false)
    vi.advanceTimersByTime(1)
    expect(deadline.signal.aborted).toBe(true)
  })

  it('ends the call with AbortError when the caller says so', () => {
    const caller = new AbortController()
    const deadline = new Deadline({ signal: caller.signal })
    const reason = new Error('had enough')
    caller.abort(reason)
    expect(deadline.signal.reason).toBeInstanceOf(AbortError)
    expect(deadline.signal.reason).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR' })
    expect(deadline.signal.reason.cause).toBe(reason)
  })

  it('hears the caller while it is paused', () => {
    const caller = new AbortController()
    const deadline = new Deadline({ signal: caller.signal })
    deadline.pause()
    caller.abort()
    expect(deadline.signal.aborted).toBe(true)
  })

  it('does not begin when the signal fired before', () => {
    expect(() => new Deadline({ signal: AbortSignal.abort('before') })).toThrow(AbortError)
  })

  it('lets go of timer and signal', () => {
    const caller = new AbortController()
    const ended = new Deadline({ signal: caller.signal })
    expect(listeners(caller.signal)).toBe(1)
    ended.end()
    ended.end()
    expect(listeners(caller.signal)).toBe(0)
    caller.abort()
    expect(ended.signal.aborted).toBe(false)
  })

  it('lets go of them when it fired', () => {
    const caller = new AbortController()
    const deadline = new Deadline({ signal: caller.signal, timeout: 5 })
    vi.advanceTimersByTime(5)
    expect(listeners(caller.signal)).toBe(0)
    caller.abort()
    expect(deadline.signal.reason).toMatchObject({ code: 'ETIMEDOUT' })
  })

  it('is disposable', () => {
    const caller = new AbortController()
    new Deadline({ signal: caller.signal })[Symbol.dispose]()
    expect(listeners(caller.signal)).toBe(0)
  })

  it.each<[unknown, string, typeof TypeError | typeof RangeError]>([
    [{ signal: {} }, 'options.signal', TypeError],
    [{ signal: null }, 'options.signal', TypeError],
    [{ signal: new AbortController() }, 'options.signal', TypeError],
    [{ timeout: '1' }, 'options.timeout', TypeError],
    [{ timeout: null }, 'options.timeout', TypeError],
    [{ timeout: 0 }, 'options.timeout', RangeError],
    [{ timeout: -1 }, 'options.timeout', RangeError],
    [{ timeout: Number.NaN }, 'options.timeout', RangeError],
  ])('refuses %o', (options, path, kind) => {
    const refusal = expect.objectContaining({ code: 'EINVAL', path })
    expect(() => new Deadline(options as CallOptions)).toThrow(kind)
    expect(() => new Deadline(options as CallOptions)).toThrow(WireGuardError)
    expect(() => new Deadline(options as CallOptions)).toThrow(refusal)
  })
})
