import { EventEmitter } from 'node:events'
import { describe, expect, it, vi } from 'vitest'
import { type Datagrams, openNotificationSocket } from './notification-socket.js'
import { Notifier } from './notifier.js'
import { runService, type Service } from './service.js'

const env = { NOTIFY_SOCKET: '/run/notify' }

/** A manager that keeps what it is told. */
function manager() {
  const heard: string[] = []
  const warnings: string[] = []
  const close = vi.fn()
  const options = {
    env: env as Record<string, string | undefined>,
    pid: 7,
    warn: (text: string) => void warnings.push(text),
    openSocket: async () => ({ send: (text: string) => void heard.push(text), close }),
  }
  return { heard, warnings, close, options }
}

function service(more: Partial<Service> = {}): Service & { calls: string[] } {
  const calls: string[] = []
  const note = (call: string) => async () => void calls.push(call)
  return {
    calls,
    start: note('start'),
    reload: note('reload'),
    stop: note('stop'),
    status: () => 'well',
    ...more,
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('runService', () => {
  it('tells that it is ready, and on SIGTERM that it ends', async () => {
    const { heard, close, options } = manager()
    const signals = new EventEmitter()
    const one = service()
    const run = runService(one, { ...options, signals })
    await turn()
    expect(heard).toEqual(['READY=1\nSTATUS=well'])
    expect(one.calls).toEqual(['start'])
    signals.emit('SIGTERM')
    await run
    expect(heard.slice(1)).toEqual(['STOPPING=1'])
    expect(one.calls).toEqual(['start', 'stop'])
    expect(close).toHaveBeenCalledOnce()
    expect(signals.eventNames()).toEqual([])
  })

  it('reads its files again on SIGHUP, and goes on when that fails', async () => {
    const { heard, warnings, options } = manager()
    const signals = new EventEmitter()
    let fails = false
    const one = service({
      reload: async () => {
        if (fails) throw new Error('no such file')
      },
    })
    const run = runService(one, { ...options, signals })
    await turn()
    signals.emit('SIGHUP')
    await turn()
    expect(heard[1]).toMatch(/^RELOADING=1\nMONOTONIC_USEC=\d+$/)
    expect(heard[2]).toBe('READY=1\nSTATUS=well')
    fails = true
    signals.emit('SIGHUP')
    await turn()
    expect(warnings).toEqual(['reload: no such file'])
    expect(heard[4]).toBe('READY=1\nSTATUS=well')
    signals.emit('SIGINT')
    await run
  })

  it('says nothing of files that are read again when it ends meanwhile', async () => {
    const { heard, warnings, options } = manager()
    const signals = new EventEmitter()
    let cutShort = (_: Error): void => {}
    const one = service({
      reload: () =>
        new Promise((_, reject) => {
          cutShort = reject
        }),
      stop: async () => {
        cutShort(new Error('this was aborted'))
        await turn()
      },
    })
    const run = runService(one, { ...options, signals })
    await turn()
    signals.emit('SIGHUP')
    signals.emit('SIGTERM')
    await run
    expect(warnings).toEqual([])
    expect(heard.at(-1)).toBe('STOPPING=1')
  })

  it('gives a sign of life twice in the time of the watchdog, and new status lines', async () => {
    vi.useFakeTimers()
    try {
      const { heard, options } = manager()
      const signals = new EventEmitter()
      let count = 0
      const one = service({ status: () => `${count}` })
      const watched = { ...env, WATCHDOG_USEC: '4000000', WATCHDOG_PID: '7' }
      const run = runService(one, { ...options, env: watched, signals })
      await vi.advanceTimersByTimeAsync(2000)
      expect(heard.slice(1)).toEqual(['WATCHDOG=1'])
      count = 5
      await vi.advanceTimersByTimeAsync(2000)
      expect(heard.slice(2)).toEqual(['STATUS=5', 'WATCHDOG=1'])
      signals.emit('SIGTERM')
      await run
      expect(vi.getTimerCount()).toBe(0)
    } finally {
      vi.useRealTimers()
    }
  })

  it('throws what its start throws and what ends it, and lets go of everything', async () => {
    for (const broken of [
      { start: () => Promise.reject(new Error('broken')) },
      { ended: Promise.reject(new Error('broken')) },
    ]) {
      const { heard, close, options } = manager()
      const one = service(broken)
      await expect(runService(one, options)).rejects.toThrow('broken')
      expect(one.calls.at(-1)).toBe('stop')
      expect(heard.at(-1)).toBe('STOPPING=1')
      expect(close).toHaveBeenCalledOnce()
    }
  })

  it('can be ended while it starts', async () => {
    const { heard, options } = manager()
    const signals = new EventEmitter()
    const one = service({ start: () => new Promise(() => {}) })
    const run = runService(one, { ...options, signals })
    await turn()
    signals.emit('SIGTERM')
    await run
    expect(heard).toEqual(['STOPPING=1'])
    expect(one.calls).toEqual(['stop'])
  })
})

describe('Notifier', () => {
  it('tells nobody without a manager, and says nothing about it', async () => {
    const { warnings, heard, options } = manager()
    const notifier = await Notifier.open({ ...options, env: { WATCHDOG_USEC: '1' } })
    notifier.ready('well')
    expect(notifier.watchdog).toBeUndefined()
    expect([...warnings, ...heard]).toEqual([])
  })

  it('says once when the manager cannot be told', async () => {
    const { warnings, options } = manager()
    const openSocket = async (path: string) =>
      openNotificationSocket(path, () =>
        Promise.reject(new Error('the npm package unix-dgram is not installed')),
      )
    const notifier = await Notifier.open({ ...options, openSocket })
    notifier.ready('well')
    notifier.stopping()
    notifier.close()
    expect(warnings).toEqual([
      'the service manager is told nothing: the npm package unix-dgram is not installed',
    ])
  })

  it('keeps the watchdog of another process out, and status lines in one line', async () => {
    const { heard, options } = manager()
    const watched = { ...env, WATCHDOG_USEC: '4000000', WATCHDOG_PID: '8' }
    const notifier = await Notifier.open({ ...options, env: watched })
    expect(notifier.watchdog).toBeUndefined()
    notifier.status('two\nlines')
    notifier.status('two\nlines')
    expect(heard).toEqual(['STATUS=two lines'])
  })
})

/** unix-dgram as it is without a kernel: the receiver has room for so many datagrams. */
function fakeDatagrams(room: number, connectError?: Error) {
  const sent: string[] = []
  const socket = Object.assign(new EventEmitter(), {
    connect: () => void (connectError && socket.emit('error', connectError)),
    send(message: Buffer, done: (error?: Error) => void) {
      if (sent.length >= room) return done(Object.assign(new Error('congestion'), { code: 1 }))
      sent.push(message.toString())
      done()
    },
    close: vi.fn(),
  })
  const makeRoom = (): void => {
    room = Number.POSITIVE_INFINITY
    socket.emit('writable')
  }
  return { sent, socket, makeRoom, load: async () => ({ createSocket: () => socket }) as Datagrams }
}

describe('the notification socket', () => {
  it('keeps what the receiver has no room for, in order', async () => {
    const { sent, makeRoom, load } = fakeDatagrams(1)
    const socket = await openNotificationSocket('/run/notify', load)
    for (const text of ['a', 'b', 'c']) socket.send(text)
    expect(sent).toEqual(['a'])
    makeRoom()
    socket.send('d')
    expect(sent).toEqual(['a', 'b', 'c', 'd'])
    socket.close()
  })

  it('refuses what is no path, and says when nobody listens', async () => {
    const { load, socket } = fakeDatagrams(1, new Error('connect -2'))
    for (const path of ['@abstract', 'relative', `/${'x'.repeat(107)}`]) {
      await expect(openNotificationSocket(path, load)).rejects.toThrow('is no path of a socket')
    }
    await expect(openNotificationSocket('/run/none', load)).rejects.toThrow('nobody listens')
    expect(socket.close).toHaveBeenCalledOnce()
  })
})
