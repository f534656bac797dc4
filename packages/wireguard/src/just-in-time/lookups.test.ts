import { describe, expect, it, vi } from 'vitest'
import { type LookupLimits, Lookups } from './lookups.js'

const limits: LookupLimits = { timeout: 1000, negativeTtl: 500, negativeSize: 2, concurrency: 2 }
const { signal } = new AbortController()
const never = (): Promise<undefined> => new Promise(() => {})

describe('Lookups', () => {
  it('asks for a key once at a time', async () => {
    const lookups = new Lookups<number>(limits)
    let answer = (_: number): void => {}
    const ask = vi.fn(() => new Promise<number>((resolve) => (answer = resolve)))
    const first = lookups.look('a', ask, signal)
    expect(await lookups.look('a', ask, signal)).toEqual({ kind: 'merged' })
    answer(7)
    expect(await first).toEqual({ kind: 'found', value: 7 })
    expect(ask).toHaveBeenCalledTimes(1)
    expect(lookups.pending).toBe(0)
  })

  it('asks for so many at once and no more', async () => {
    const lookups = new Lookups<number>(limits)
    const controller = new AbortController()
    const two = ['a', 'b'].map((key) => lookups.look(key, never, controller.signal))
    expect(await lookups.look('c', never, signal)).toEqual({ kind: 'busy' })
    controller.abort(new Error('over'))
    for (const one of two) expect(await one).toMatchObject({ kind: 'failed' })
    expect(lookups.pending).toBe(0)
  })

  it('has places for those who are known, who wait for one where others are refused', async () => {
    const lookups = new Lookups<number>({ ...limits, concurrency: 4 })
    const controller = new AbortController()
    const strangers = ['a', 'b', 'c'].map((key) => lookups.look(key, never, controller.signal))
    expect(await lookups.look('d', never, signal)).toEqual({ kind: 'busy' })
    expect(await lookups.look('e', () => 5, signal, true)).toEqual({ kind: 'found', value: 5 })
    let answer = (_: number): void => {}
    const one = lookups.look('f', () => new Promise((resolve) => (answer = resolve)), signal, true)
    const ask = vi.fn(() => 7)
    const next = ['g', 'h'].map((key) => lookups.look(key, ask, signal, true))
    expect(await lookups.look('h', ask, signal, true)).toEqual({ kind: 'merged' })
    expect([lookups.pending, ask.mock.calls.length]).toEqual([4, 0])
    answer(6)
    expect(await one).toEqual({ kind: 'found', value: 6 })
    for (const each of next) expect(await each).toEqual({ kind: 'found', value: 7 })
    controller.abort(new Error('over'))
    await Promise.all(strangers)
    expect(lookups.pending).toBe(0)
  })

  it.each([['a'], []])(
    'remembers no answer that it was told to forget while it waited for it: %s',
    async (...forgotten) => {
      const lookups = new Lookups<number>(limits)
      let answer = (_: null): void => {}
      const ask = vi.fn(() => new Promise<null>((resolve) => (answer = resolve)))
      const first = lookups.look('a', ask, signal)
      await vi.waitFor(() => expect(ask).toHaveBeenCalledTimes(1))
      lookups.forget(...forgotten)
      answer(null)
      expect(await first).toEqual({ kind: 'unknown' })
      expect(lookups.negatives).toBe(0)
      expect(await lookups.look('a', () => null, signal)).toEqual({ kind: 'unknown' })
      expect(lookups.negatives).toBe(1)
    },
  )

  it('remembers who is nobody, for a time', async () => {
    vi.useFakeTimers()
    try {
      const lookups = new Lookups<number>(limits)
      const ask = vi.fn(() => null)
      for (let count = 0; count < 3; count++) {
        expect(await lookups.look('a', ask, signal)).toEqual({ kind: 'unknown' })
      }
      expect(ask).toHaveBeenCalledTimes(1)
      vi.advanceTimersByTime(501)
      await lookups.look('a', ask, signal)
      expect(ask).toHaveBeenCalledTimes(2)
      lookups.forget('a')
      await lookups.look('a', ask, signal)
      lookups.forget()
      await lookups.look('a', ask, signal)
      expect(ask).toHaveBeenCalledTimes(4)
    } finally {
      vi.useRealTimers()
    }
  })

  it('remembers a bounded number, and none when it shall not', async () => {
    const lookups = new Lookups<number>(limits)
    const ask = vi.fn(() => undefined)
    for (const key of ['a', 'b', 'c', 'a']) await lookups.look(key, ask, signal)
    expect([ask.mock.calls.length, lookups.negatives]).toEqual([4, 2])
    const forgetful = new Lookups<number>({ ...limits, negativeTtl: 0 })
    for (const key of ['a', 'a']) await forgetful.look(key, ask, signal)
    expect(ask).toHaveBeenCalledTimes(6)
  })

  it('gives up what takes too long, and tells it', async () => {
    vi.useFakeTimers()
    try {
      let isTold = false
      const ask = (late: AbortSignal): Promise<number> => {
        late.addEventListener('abort', () => {
          isTold = true
        })
        return new Promise(() => {})
      }
      const looked = new Lookups<number>(limits).look('a', ask, signal)
      await vi.advanceTimersByTimeAsync(1001)
      expect(await looked).toMatchObject({ kind: 'failed' })
      expect([isTold, vi.getTimerCount()]).toEqual([true, 0])
    } finally {
      vi.useRealTimers()
    }
  })

  it('does not remember a failure, thrown at once or later', async () => {
    const lookups = new Lookups<number>(limits)
    const error = new Error('no records')
    const atOnce = (): never => {
      throw error
    }
    const later = (): Promise<never> => Promise.reject(error)
    for (const ask of [atOnce, later]) {
      expect(await lookups.look('a', ask, signal)).toEqual({ kind: 'failed', error })
    }
    expect(await lookups.look('a', () => 1, signal)).toEqual({ kind: 'found', value: 1 })
  })
})
