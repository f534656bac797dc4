import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Pause } from './pause.js'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

it('waits again as long as there is something left, and for less when it is told so', async () => {
  const pause = new Pause()
  const left = vi.fn(() => 1000)
  let isOver = false
  const over = pause.over(left, new AbortController().signal).then((value) => {
    isOver = true
    return value
  })
  await vi.advanceTimersByTimeAsync(2500)
  expect([isOver, left.mock.calls.length > 2]).toEqual([false, true])
  left.mockReturnValue(0)
  pause.reconsider()
  expect(await over).toBe(true)
})

it('ends with the signal, also one that fired before', async () => {
  const abort = new AbortController()
  const over = new Pause().over(() => 1000, abort.signal)
  abort.abort()
  expect(await over).toBe(false)
  const left = vi.fn(() => 1000)
  expect(await new Pause().over(left, abort.signal)).toBe(false)
  expect(left).not.toHaveBeenCalled()
})

it('leaves nothing at a signal that outlives it', async () => {
  const { signal } = new AbortController()
  const any = vi.spyOn(AbortSignal, 'any')
  const remove = vi.spyOn(signal, 'removeEventListener')
  const over = new Pause().over(() => 0, signal)
  await vi.advanceTimersByTimeAsync(0)
  expect(await over).toBe(true)
  expect(any).not.toHaveBeenCalled()
  expect(remove).toHaveBeenCalledTimes(1)
  any.mockRestore()
})
