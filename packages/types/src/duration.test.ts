import { getEventListeners } from 'node:events'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { checkAtLeast, checkDuration, slept, startTimer } from './duration.js'
import { WireGuardError } from './errors.js'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  expect(vi.getTimerCount(), 'timers left behind').toBe(0)
  // First what stands in the place of a fake timer: what is put back after it would stay for the files that follow.
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

describe('startTimer', () => {
  it.each([1, 2, 1000, 2 ** 31 - 1, 2 ** 31, 2 ** 31 + 7, 2 ** 33, 1e12])(
    'fires after %d milliseconds and not before, once',
    (milliseconds) => {
      const onTime = vi.fn()
      startTimer(milliseconds, onTime)
      vi.advanceTimersByTime(milliseconds - 1)
      expect(onTime).not.toHaveBeenCalled()
      vi.advanceTimersByTime(1)
      vi.runOnlyPendingTimers()
      expect(onTime).toHaveBeenCalledOnce()
    },
  )

  it.each([0, -0.01, -5])(
    'fires after %d as after no time, for which no runtime is asked',
    (left) => {
      const asked = vi.fn(setTimeout)
      vi.stubGlobal('setTimeout', asked)
      const onTime = vi.fn()
      startTimer(left, onTime)
      vi.advanceTimersByTime(1)
      expect(onTime).toHaveBeenCalledOnce()
      expect(asked.mock.lastCall?.[1]).toBe(0)
    },
  )

  it('never fires with Infinity, and wakes nobody often', () => {
    const onTime = vi.fn()
    const stop = startTimer(Number.POSITIVE_INFINITY, onTime)
    for (let month = 0; month < 12; month++) vi.advanceTimersToNextTimer()
    expect(performance.now()).toBeGreaterThan(12 * 24 * 3600 * 1000)
    expect(onTime).not.toHaveBeenCalled()
    stop()
  })

  it('stops also in its second round', () => {
    const onTime = vi.fn()
    const stop = startTimer(2 ** 32, onTime)
    vi.advanceTimersByTime(2 ** 31 + 5)
    stop()
    vi.advanceTimersByTime(2 ** 33)
    expect(onTime).not.toHaveBeenCalled()
  })
})

describe('slept', () => {
  it('waits, however long, and lets go of the signal', async () => {
    const { signal } = new AbortController()
    const sleep = slept(2 ** 31 + 1, signal)
    vi.advanceTimersByTime(2 ** 31 + 1)
    expect(await sleep).toBe(true)
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('ends when the signal fires', async () => {
    const controller = new AbortController()
    const sleep = slept(Number.POSITIVE_INFINITY, controller.signal)
    controller.abort()
    expect(await sleep).toBe(false)
    expect(await slept(1, controller.signal)).toBe(false)
  })
})

describe('checkDuration and checkAtLeast', () => {
  it.each([0.1, 1, 2 ** 31, 1e300, Number.POSITIVE_INFINITY])('take %d', (value) => {
    expect(checkDuration(value, 'options.x')).toBe(value)
    expect(checkAtLeast(0.1, value, 'options.x')).toBe(value)
  })

  it('take 0 where it means something', () => {
    expect(checkDuration(0, 'options.x', 0)).toBe(0)
    expect(() => checkDuration(0, 'options.x')).toThrow(RangeError)
    expect(() => checkDuration(-0.1, 'options.x', 0)).toThrow(RangeError)
  })

  it.each<[unknown, typeof TypeError | typeof RangeError]>([
    [Number.NaN, RangeError],
    [-1, RangeError],
    [Number.NEGATIVE_INFINITY, RangeError],
    ['1000', TypeError],
    [null, TypeError],
    [undefined, TypeError],
    [1n, TypeError],
    [{}, TypeError],
  ])('refuse %o, and name the field', (value, kind) => {
    const refusal = expect.objectContaining({ code: 'EINVAL', path: 'options.x' })
    for (const check of [
      () => checkDuration(value as number, 'options.x'),
      () => checkDuration(value as number, 'options.x', 0),
      () => checkAtLeast(1, value as number, 'options.x'),
    ]) {
      expect(check).toThrow(kind)
      expect(check).toThrow(WireGuardError)
      expect(check).toThrow(refusal)
    }
  })
})
