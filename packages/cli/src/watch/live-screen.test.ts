import { generatePrivateKey, publicKey } from '@wgctrl/types'
import { MemoryBackend } from '@wgctrl/types/testing'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { open, type WireGuard } from 'wgctrl'
import { PeerNames } from '../peer-names/peer-names.js'
import { runLiveTable } from './live-screen.js'
import type { Terminal } from './terminal.js'

const PEER = publicKey(generatePrivateKey())

let wg: WireGuard

afterEach(() => wg.close())

class FakeTerminal implements Terminal {
  columns = 100
  rows = 20
  written = ''
  press = (_key: string): void => {}
  resize = (): void => {}
  isListening = false

  write(text: string): void {
    this.written += text
  }

  listen(onKey: (key: string) => void, onResize: () => void): void {
    this.isListening = true
    this.press = onKey
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
      (terminal: FakeTerminal) => terminal.press('\x03'),
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
})
