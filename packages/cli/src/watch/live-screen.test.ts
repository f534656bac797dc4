import { generatePrivateKey, publicKey } from '@wgctrl/types'
import { MemoryBackend } from '@wgctrl/types/testing'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { open, type WireGuard } from 'wgctrl'
import { PeerNames } from '../peer-names/peer-names.js'
import { runLiveTable } from './live-screen.js'
import type { Terminal } from './terminal.js'
import type { Key } from './view.js'

const PEER = publicKey(generatePrivateKey())

let wg: WireGuard

afterEach(() => wg.close())

class FakeTerminal implements Terminal {
  columns = 200
  rows = 20
  written = ''
  #onKey = (_key: Key): void => {}
  resize = (): void => {}
  isListening = false

  write(text: string): void {
    this.written += text
  }

  /** A character, or the name of a key. */
  press(key: string): void {
    this.#onKey([...key].length === 1 ? { name: key, text: key } : { name: key, text: '' })
  }

  /** What stands on the screen now. */
  get frame(): string {
    return this.written.slice(this.written.lastIndexOf('\x1b[H'))
  }

  listen(onKey: (key: Key) => void, onResize: () => void): void {
    this.isListening = true
    this.#onKey = onKey
    this.resize = onResize
  }

  unlisten(): void {
    this.isListening = false
  }
}

async function start() {
  const backend = new MemoryBackend()
  await backend.create('wg0')
  await backend.configure('wg0', { peers: [{ publicKey: PEER }] })
  wg = await open({ backends: [backend] })
  const terminal = new FakeTerminal()
  const io = { env: { LANG: 'C.UTF-8', NO_COLOR: '1' }, now: Date.now }
  const names = new PeerNames()
  const run = runLiveTable(wg, 'wg0', { interval: 50, names, io, terminal })
  await vi.waitFor(() => expect(terminal.written).toContain(PEER.slice(0, 11)))
  return { backend, terminal, run }
}

const isGivenBack = ({ written, isListening }: FakeTerminal): void => {
  expect(written.startsWith('\x1b[?1049h\x1b[?25l')).toBe(true)
  expect(written.endsWith('\x1b[?25h\x1b[?1049l')).toBe(true)
  expect(isListening).toBe(false)
}

describe('the live table on a terminal', () => {
  it('ends with q, with Ctrl-C, and with a signal, and gives the terminal back', async () => {
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
    const listeners = signals.map((signal) => process.listenerCount(signal))
    const ends = [
      (terminal: FakeTerminal) => terminal.press('q'),
      (terminal: FakeTerminal) => terminal.press('ctrl-c'),
      () => process.emit('SIGTERM'),
    ]
    for (const end of ends) {
      const { terminal, run } = await start()
      terminal.press('x')
      end(terminal)
      expect(await run).toBe(0)
      await new Promise((resolve) => setTimeout(resolve, 150))
      isGivenBack(terminal)
      await wg.close()
    }
    expect(signals.map((signal) => process.listenerCount(signal))).toEqual(listeners)
  })

  it('gives the terminal back also when watching fails', async () => {
    const terminal = new FakeTerminal()
    wg = await open({ backends: [new MemoryBackend()] })
    const watch = (() => {
      const next = () => Promise.reject(new Error('broken'))
      return { next, return: async () => ({}), [Symbol.asyncIterator]: () => ({ next }) }
    }) as never
    const io = { env: {}, now: Date.now }
    const names = new PeerNames()
    const run = runLiveTable({ watch }, 'wg0', { interval: 50, names, io, terminal })
    await expect(run).rejects.toThrow('broken')
    isGivenBack(terminal)
  })

  it('gives the terminal back also when it cannot be drawn on', async () => {
    const { terminal, run } = await start()
    const write = terminal.write.bind(terminal)
    terminal.write = (text) => {
      if (text.includes('peer')) throw new Error('broken')
      write(text)
    }
    await expect(run).rejects.toThrow('broken')
    isGivenBack(terminal)
  })

  it('draws anew when the size changes, at its width', async () => {
    const { terminal, run } = await start()
    terminal.written = ''
    terminal.columns = 14
    terminal.resize()
    expect(terminal.written).toContain(`${PEER.slice(0, 13)}…`)
    terminal.press('q')
    await run
  })

  it('shows peers that come and go', async () => {
    const { backend, terminal, run } = await start()
    await backend.configure('wg0', { peers: [{ publicKey: PEER, remove: true }] })
    await vi.waitFor(() => {
      const frame = terminal.written.slice(terminal.written.lastIndexOf('\x1b[H'))
      expect(frame).toContain('wg0: 0 peers')
    })
    terminal.press('q')
    await run
  })

  it('sorts, filters and opens rows by keys', async () => {
    const { backend, terminal, run } = await start()
    const others = ['10.0.0.7/32', '10.0.0.8/32'].map((network) => ({
      publicKey: publicKey(generatePrivateKey()),
      allowedIPs: [network],
    }))
    await backend.configure('wg0', { peers: others })
    const keys = [PEER, ...others.map((peer) => peer.publicKey)]
    await vi.waitFor(() => expect(rowsOf(terminal)).toHaveLength(3))
    for (let turn = 0; turn < 4; turn++) terminal.press('s')
    expect(terminal.frame).toContain('s sort: name')
    expect(rowsOf(terminal)).toEqual(keys.toSorted())
    terminal.press('r')
    expect(rowsOf(terminal)).toEqual(keys.toSorted().reverse())
    for (const key of ['/', '.', '8']) terminal.press(key)
    expect(terminal.frame).toContain('filter: .8')
    expect(rowsOf(terminal)).toEqual([others[1]?.publicKey])
    terminal.press('backspace')
    expect(rowsOf(terminal)).toHaveLength(2)
    // Within a filter it is no key to leave by.
    for (const key of ['8', 'q', 'backspace', 'return', 'down', 'return']) terminal.press(key)
    expect(terminal.frame).toContain('allowed IPs: 10.0.0.8/32')
    expect(terminal.frame).toContain(`public key: ${others[1]?.publicKey}`)
    expect(terminal.frame).toContain('state: never')
    await backend.configure('wg0', {
      peers: [{ publicKey: `${others[1]?.publicKey}`, remove: true }],
    })
    await vi.waitFor(() => expect(terminal.frame).toContain('this peer is no more'))
    terminal.press('escape')
    expect(rowsOf(terminal)).toEqual([])
    terminal.press('escape')
    expect(rowsOf(terminal)).toHaveLength(2)
    terminal.press('q')
    expect(await run).toBe(0)
  })

  it('has a cursor that stays on the screen', async () => {
    const { backend, terminal, run } = await start()
    terminal.rows = 9
    const peers = Array.from({ length: 30 }, () => ({ publicKey: publicKey(generatePrivateKey()) }))
    await backend.configure('wg0', { peers })
    const sorted = [PEER, ...peers.map((peer) => peer.publicKey)].toSorted()
    await vi.waitFor(() => expect(terminal.frame).toContain('and 26 more peers'))
    for (let turn = 0; turn < 4; turn++) terminal.press('s')
    const current = (): string | undefined => /^> +(\S{44})/m.exec(terminal.frame)?.[1]
    terminal.press('down')
    expect(current()).toBe(sorted[0])
    for (let step = 0; step < 12; step++) terminal.press('j')
    expect(current()).toBe(sorted[12])
    terminal.press('pagedown')
    expect(current()).toBe(sorted[17])
    for (let step = 0; step < 40; step++) terminal.press('down')
    expect(current()).toBe(sorted[30])
    terminal.press('home')
    expect(current()).toBe(sorted[0])
    terminal.press('escape')
    expect(current()).toBeUndefined()
    terminal.press('q')
    await run
  })

  it('stands still in a pause, and shows what came meanwhile behind it', async () => {
    const { backend, terminal, run } = await start()
    terminal.press(' ')
    expect(terminal.frame).toContain('paused')
    terminal.written = ''
    const other = publicKey(generatePrivateKey())
    await backend.configure('wg0', { peers: [{ publicKey: other }] })
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(terminal.written).toBe('')
    terminal.press('down')
    expect(rowsOf(terminal)).toEqual([PEER])
    terminal.press('p')
    await vi.waitFor(() => expect(rowsOf(terminal).toSorted()).toEqual([PEER, other].toSorted()))
    terminal.press('q')
    await run
  })

  it('is given back before an exception that nobody caught is told', async () => {
    const { terminal, run } = await start()
    // As an event like any other: the types know it as one of Node's own alone.
    const events: NodeJS.EventEmitter = process
    events.emit('uncaughtExceptionMonitor', new Error('nobody'), 'uncaughtException')
    isGivenBack(terminal)
    process.emit('SIGQUIT')
    expect(await run).toBe(0)
    isGivenBack(terminal)
  })
})

const rowsOf = ({ frame }: FakeTerminal): string[] =>
  Array.from(frame.matchAll(/^(?:> +| {3})?([A-Za-z0-9+/]{43}=)/gm), ([, key = '']) => key)
