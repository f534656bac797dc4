import { InvalidRangeError, WireGuardError } from '@wgctrl/types'
import { describe, expect, it } from 'vitest'
import { StepError, Transaction } from './transaction.js'

const failure = new WireGuardError('no room', { code: 'ENOSPC', errno: 28 })

describe('Transaction', () => {
  it('waits for a listener, and fails in the step in which one rejects', async () => {
    const log: string[] = []
    const onStep = async ({ step }: { step: string }) => {
      await new Promise((resolve) => setImmediate(resolve))
      log.push(`told of ${step}`)
      if (step === 'two') throw new Error('mine')
    }
    const transaction = new Transaction('up', 'wg0', { onStep })
    const step = (name: string) => transaction.step(name, async () => void log.push(name))
    await step('one')
    await expect(step('two')).rejects.toThrow('mine')
    expect(log).toEqual(['told of one', 'one', 'told of two'])
    const quiet = new Transaction('up', 'wg0')
    const warned = quiet.step('three', async () => quiet.heed(Promise.reject(new Error('warned'))))
    await expect(warned).rejects.toThrow('warned')
  })

  it('lets others have a turn during many steps, and hears an abort', async () => {
    const abort = new AbortController()
    const transaction = new Transaction('up', 'wg0', { signal: abort.signal })
    setTimeout(() => abort.abort(), 1)
    const all = async () => {
      for (;;) await transaction.step('one of many', async () => {})
    }
    await expect(all()).rejects.toMatchObject({ code: 'ABORT_ERR' })
  })

  it('takes back in reverse order', async () => {
    const log: string[] = []
    const transaction = new Transaction('up', 'wg0')
    for (const name of ['one', 'two', 'three']) {
      await transaction.step(name, async () => {
        log.push(name)
        return async () => void log.push(`not ${name}`)
      })
    }
    const error = await transaction.rollBack(failure)
    expect(log).toEqual(['one', 'two', 'three', 'not three', 'not two', 'not one'])
    expect(error).toBeInstanceOf(StepError)
    expect(error).toMatchObject({ step: 'three', code: 'ENOSPC', errno: 28, cause: failure })
    expect((error as Error).message).toBe('up wg0: cannot three: no room')
  })

  it('says which port was lost', async () => {
    const lost = new WireGuardError('deaf', { code: 'EADDRINUSE', lostPort: 51820 })
    const error = await new Transaction('reconcile', 'wg0').rollBack(lost)
    expect(error).toMatchObject({ code: 'EADDRINUSE', lostPort: 51820 })
  })

  it('goes on taking back when that fails, and says so', async () => {
    const log: string[] = []
    const transaction = new Transaction('up', 'wg0')
    await transaction.step('one', async () => async () => void log.push('not one'))
    await transaction.step('two', async () => () => Promise.reject(new Error('stuck')))
    const error = (await transaction.rollBack(failure)) as StepError
    expect(log).toEqual(['not one'])
    expect(error.failures).toHaveLength(1)
    expect(error.message).toContain('cannot take back: two: stuck')
  })

  it('takes no step after an abort', async () => {
    const transaction = new Transaction('up', 'wg0', { signal: AbortSignal.abort('enough') })
    const step = transaction.step('one', async () => expect.unreachable())
    await expect(step).rejects.toMatchObject({ code: 'ABORT_ERR', cause: 'enough' })
  })

  it('takes a step that who is told of it cannot stand for one that failed', async () => {
    for (const onStep of [
      () => {
        throw failure
      },
      () => Promise.reject(failure),
    ]) {
      const transaction = new Transaction('up', 'wg0', { onStep })
      const step = transaction.step('one', async () => expect.unreachable())
      await expect(step).rejects.toBe(failure)
      expect(transaction.failed(failure)).toMatchObject({ step: 'one', code: 'ENOSPC' })
    }
  })

  it('says once which step failed, and all that failed besides', async () => {
    const transaction = new Transaction('down', 'wg0')
    await transaction.step('one', async () => {})
    const first = transaction.failed(failure)
    await transaction.step('two', async () => {})
    expect(transaction.failed(first)).toBe(first)
    const both = transaction.failed(first, [new Error('stuck')])
    expect(both).toMatchObject({ step: 'one', code: 'ENOSPC', failures: [{ message: 'stuck' }] })
    expect((both as Error).message).toBe('down wg0: cannot one: no room; and then: stuck')
  })

  it('leaves what the caller did wrong as it is', async () => {
    const transaction = new Transaction('up', 'wg0')
    await transaction.step('one', async () => {})
    const mistake = new InvalidRangeError('mtu', 'too much')
    expect(transaction.failed(mistake)).toBe(mistake)
  })
})
