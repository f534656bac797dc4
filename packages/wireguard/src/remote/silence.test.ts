import { Duplex, PassThrough } from 'node:stream'
import { generatePrivateKey, publicKey } from '@wgctrl/types'
import { MemoryBackend } from '@wgctrl/types/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { connect, open, type RemoteServer, serve, type WireGuard } from '../index.js'
import { REMOTE_TIMES } from './limits.js'

const key = publicKey(generatePrivateKey())

let wg: WireGuard
let server: RemoteServer
let far: Awaited<ReturnType<typeof connect>>
/** What the client says, on its way. */
let there: PassThrough

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  wg = await open({ backends: [new MemoryBackend('userspace')] })
  await wg.create('wg0')
  await wg.configure('wg0', { peers: [{ publicKey: key }] })
  there = new PassThrough()
  const back = new PassThrough()
  server = await serve(wg, Duplex.from({ readable: there, writable: back }))
  far = await connect(Duplex.from({ readable: back, writable: there }))
})

afterEach(async () => {
  vi.useRealTimers()
  await far.close()
  await server.close()
  await wg.close()
})

/** Lets streams have their turn, which are not a matter of time. */
const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** Lets time pass, a second after the other. */
async function pass(milliseconds: number, eachSecond = (): void => {}): Promise<void> {
  for (let past = 0; past < milliseconds; past += 1000) {
    eachSecond()
    await vi.advanceTimersByTimeAsync(1000)
    await turns()
  }
}

/** The other side takes nothing more, and says nothing. */
const stop = (): void => {
  there.unpipe()
  there.pause()
  there.removeAllListeners('data')
  there.removeAllListeners('readable')
}

const LONG_SILENCE = 3 * REMOTE_TIMES.silence

describe('a server that says nothing more', () => {
  it('is given up, and calls fail, those after it as well', async () => {
    await far.names()
    stop()
    const code = (error: { code: string }): string => error.code
    const ended = vi.fn()
    const reading = far.device('wg0').catch(code).finally(ended)
    const change = far.configure('wg0', { peers: [] }).catch(code)
    const watching = far.watch('wg0').next().catch(code)
    await pass(REMOTE_TIMES.silence)
    expect(ended).not.toHaveBeenCalled()
    await pass(LONG_SILENCE - REMOTE_TIMES.silence)
    expect(await Promise.all([reading, change, watching])).toEqual(
      Array.from({ length: 3 }, () => 'ETIMEDOUT'),
    )
    await expect(far.names()).rejects.toMatchObject({ code: 'ETIMEDOUT' })
  })

  it('is given up as well by who goes on to ask', async () => {
    await far.names()
    stop()
    const outcomes: string[] = []
    await pass(LONG_SILENCE, () => {
      far.names().then(
        () => outcomes.push('answered'),
        ({ code }) => outcomes.push(code),
      )
    })
    expect(new Set(outcomes)).toEqual(new Set(['ETIMEDOUT']))
  })
})

describe('a server that is there', () => {
  it('is waited for as long as a call takes', async () => {
    const waiting = far.waitForHandshake('wg0', key, { timeout: 3_600_000 })
    const events = far.watch('wg0').next()
    const settled = vi.fn()
    Promise.race([waiting, events]).then(settled, settled)
    await pass(6 * REMOTE_TIMES.silence)
    expect(settled).not.toHaveBeenCalled()
    expect(await far.names()).toEqual(['wg0'])
    const over = Promise.allSettled([waiting, events])
    vi.useRealTimers()
    await far.close()
    await over
  })

  it('need say nothing while nothing is asked', async () => {
    await far.names()
    await pass(LONG_SILENCE)
    expect(await far.names()).toEqual(['wg0'])
    await pass(LONG_SILENCE)
    expect((await far.device('wg0')).peers).toHaveLength(1)
  })
})
