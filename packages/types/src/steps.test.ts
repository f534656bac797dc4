import { describe, expect, it } from 'vitest'
import { runAtOnce, runInTurns, StepBudget, type Steps } from './steps.js'

function* counting(to: number, log: number[] = []): Steps<string> {
  for (let at = 1; at < to; at++) {
    log.push(at)
    yield
  }
  log.push(to)
  return `${to} steps`
}

describe('work in steps', () => {
  it('runs in one go', () => {
    const log: number[] = []
    expect(runAtOnce(counting(3, log))).toBe('3 steps')
    expect(log).toEqual([1, 2, 3])
  })

  it('runs a step in each turn of the event loop', async () => {
    const log: number[] = []
    const running = runInTurns(counting(6, log))
    expect(log).toEqual([1])
    let turns = 0
    const count = (): void => {
      turns++
      next = setImmediate(count)
    }
    let next = setImmediate(count)
    expect(await running).toBe('6 steps')
    clearImmediate(next)
    expect(turns).toBeGreaterThanOrEqual(4)
  })

  it('makes a step alone in a turn, however many works run side by side', async () => {
    let [turn, steps, most] = [0, 0, 0]
    const count = (): void => {
      turn++
      steps = 0
      next = setImmediate(count)
    }
    function* work(): Steps<void> {
      yield
      for (let step = 0; step < 5; step++) {
        most = Math.max(most, ++steps)
        yield
      }
    }
    let next = setImmediate(count)
    await Promise.all(Array.from({ length: 4 }, () => runInTurns(work())))
    clearImmediate(next)
    expect(most).toBe(1)
    expect(turn).toBeGreaterThanOrEqual(19)
  })

  it('that is short is done before the call returns', () => {
    const log: number[] = []
    void runInTurns(counting(1, log))
    expect(log).toEqual([1])
  })

  it('that fails, fails either way', async () => {
    function* failing(): Steps<never> {
      yield
      throw new Error('no')
    }
    expect(() => runAtOnce(failing())).toThrow('no')
    await expect(runInTurns(failing())).rejects.toThrow('no')
  })

  it('is cut where a step has done enough', () => {
    const budget = new StepBudget()
    const cuts = Array.from({ length: 2000 }, (_, at) => (budget.spend(1) ? at + 1 : 0))
    expect(cuts.filter((at) => at > 0)).toEqual([500, 1000, 1500, 2000])
    expect(budget.spend(100_000)).toBe(true)
    expect(budget.spend(1)).toBe(false)
  })
})
