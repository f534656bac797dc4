import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import { abortable, afterTurns, inTurn } from './device-queue.js'

const never = new AbortController().signal

/** A task that runs until it is told to end. */
function heldTask() {
  let end: (error?: Error) => void = () => {}
  const gate = new Promise<void>((resolve, reject) => {
    end = (error) => (error ? reject(error) : resolve())
  })
  return { task: () => gate, end }
}

/** The AbortError of a signal that fired with an error. */
const abortedBy = (reason: string) => ({ code: 'ABORT_ERR', cause: new Error(reason) })

describe('inTurn', () => {
  it('runs the calls on one device in order, one at a time', async () => {
    const log: string[] = []
    const call = (id: number) =>
      inTurn('order', never, async () => {
        log.push(`${id} in`)
        await nextTurn()
        log.push(`${id} out`)
        return id * 10
      })
    expect(await Promise.all([call(1), call(2), call(3)])).toEqual([10, 20, 30])
    expect(log).toEqual(['1 in', '1 out', '2 in', '2 out', '3 in', '3 out'])
  })

  it('starts at once when nobody is before it', () => {
    let started = false
    const call = inTurn('free', never, async () => {
      started = true
    })
    expect(started).toBe(true)
    return call
  })

  it('runs the calls on other devices side by side', async () => {
    const held = heldTask()
    const first = inTurn('left', never, held.task)
    expect(await inTurn('right', never, async () => 'done')).toBe('done')
    held.end()
    await first
  })

  it('goes on after a call that failed', async () => {
    const failing = inTurn('failure', never, () => Promise.reject(new Error('first')))
    const next = inTurn('failure', never, async () => 'second')
    await expect(failing).rejects.toThrow('first')
    expect(await next).toBe('second')
  })

  it('goes on after a task that threw before it gave a promise', async () => {
    const failing = inTurn('throw', never, () => {
      throw new Error('at once')
    })
    const next = inTurn('throw', never, async () => 'second')
    await expect(failing).rejects.toThrow('at once')
    expect(await next).toBe('second')
  })

  it('lets an aborted call leave the line, and only that one', async () => {
    const held = heldTask()
    const controller = new AbortController()
    const task = vi.fn(async () => {})
    const log: string[] = []
    const first = inTurn('leave', never, held.task)
    const aborted = inTurn('leave', controller.signal, task)
    const last = inTurn('leave', never, async () => log.push('last'))
    controller.abort(new Error('had enough'))
    await expect(aborted).rejects.toMatchObject(abortedBy('had enough'))
    await nextTurn()
    expect(log, 'the last still waits for the first').toEqual([])
    held.end()
    await Promise.all([first, last])
    expect(log).toEqual(['last'])
    expect(task).not.toHaveBeenCalled()
  })

  it('does not start a task whose signal fired before', async () => {
    const task = vi.fn(async () => {})
    const gone = AbortSignal.abort(new Error('before'))
    await expect(inTurn('gone', gone, task)).rejects.toMatchObject(abortedBy('before'))
    expect(task).not.toHaveBeenCalled()
    expect(await inTurn('gone', never, async () => 'next')).toBe('next')
  })

  it('leaves no entry behind', async () => {
    const set = vi.spyOn(Map.prototype, 'set')
    try {
      const calls = [
        inTurn('entry', never, async () => {}),
        inTurn('entry', never, () => Promise.reject(new Error('x'))),
        inTurn('entry', AbortSignal.abort(new Error('y')), async () => {}),
      ]
      await Promise.allSettled(calls)
      await nextTurn()
      const line = set.mock.contexts[set.mock.calls.findIndex(([key]) => key === 'entry')]
      expect(line).toBeInstanceOf(Map)
      expect((line as Map<unknown, unknown>).has('entry')).toBe(false)
    } finally {
      set.mockRestore()
    }
  })
})

describe('afterTurns', () => {
  it('waits for the calls before it', async () => {
    const held = heldTask()
    const log: string[] = []
    const write = inTurn('stream', never, held.task).then(() => log.push('write'))
    const read = afterTurns('stream', never).then(() => log.push('read'))
    await nextTurn()
    expect(log).toEqual([])
    held.end()
    await Promise.all([write, read])
    expect(log.sort()).toEqual(['read', 'write'])
  })

  it('holds up nobody', async () => {
    await afterTurns('open', never)
    expect(await inTurn('open', never, async () => 'at once')).toBe('at once')
  })

  it('ends when its signal fires', async () => {
    const held = heldTask()
    const controller = new AbortController()
    const write = inTurn('abort', never, held.task)
    const read = afterTurns('abort', controller.signal)
    controller.abort(new Error('had enough'))
    await expect(read).rejects.toMatchObject(abortedBy('had enough'))
    await expect(afterTurns('idle', controller.signal)).rejects.toMatchObject(
      abortedBy('had enough'),
    )
    held.end()
    await write
  })
})

describe('abortable', () => {
  it('gives what the promise gives', async () => {
    expect(await abortable(Promise.resolve(1), never)).toBe(1)
    await expect(abortable(Promise.reject(new Error('own')), never)).rejects.toThrow('own')
  })

  it('throws an AbortError with the reason of the signal, before and during', async () => {
    const pending = new Promise(() => {})
    const controller = new AbortController()
    const waiting = abortable(pending, controller.signal)
    controller.abort('reason')
    await expect(waiting).rejects.toMatchObject({ code: 'ABORT_ERR', cause: 'reason' })
    await expect(abortable(pending, controller.signal)).rejects.toMatchObject({
      code: 'ABORT_ERR',
      cause: 'reason',
    })
  })
  it('hears of a rejection that comes when nobody waits any more', async () => {
    const unheard = vi.fn()
    process.on('unhandledRejection', unheard)
    const late = Promise.reject(new Error('late'))
    await expect(abortable(late, AbortSignal.abort('reason'))).rejects.toMatchObject({
      code: 'ABORT_ERR',
      cause: 'reason',
    })
    await nextTurn()
    process.off('unhandledRejection', unheard)
    expect(unheard).not.toHaveBeenCalled()
  })
})
