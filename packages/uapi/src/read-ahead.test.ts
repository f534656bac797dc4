import { describe, expect, it } from 'vitest'
import { changeUnhindered, enterStream } from './read-ahead.js'

class Stream {
  calls = 0
  readAhead(): void {
    this.calls++
  }
}

function pending(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}

describe('a stream reads ahead', () => {
  it('when a change of the same device begins', async () => {
    const [stream, other] = [new Stream(), new Stream()]
    const leave = [enterStream('/a', stream), enterStream('/b', other)]
    expect(stream.calls).toBe(0)
    expect(await changeUnhindered('/a', async () => stream.calls)).toBe(1)
    expect(other.calls).toBe(0)
    for (const end of leave) end()
  })

  it('when it begins during a change', async () => {
    const { promise, resolve } = pending()
    const change = changeUnhindered('/a', () => promise)
    const stream = new Stream()
    const leave = enterStream('/a', stream)
    expect(stream.calls).toBe(1)
    resolve()
    await change
    leave()
  })

  it('not when it has ended, nor when the change has, also when that failed', async () => {
    const ended = new Stream()
    enterStream('/a', ended)()
    await changeUnhindered('/a', async () => {})
    const failing = changeUnhindered('/a', () => Promise.reject(new Error('it failed')))
    await expect(failing).rejects.toThrow('it failed')
    const late = new Stream()
    enterStream('/a', late)()
    expect([ended.calls, late.calls]).toEqual([0, 0])
  })

  it('as long as one of several changes is under way', async () => {
    const [first, second] = [pending(), pending()]
    const changes = [first, second].map(({ promise }) => changeUnhindered('/a', () => promise))
    first.resolve()
    await changes[0]
    const stream = new Stream()
    enterStream('/a', stream)()
    expect(stream.calls).toBe(1)
    second.resolve()
    await changes[1]
  })
})
