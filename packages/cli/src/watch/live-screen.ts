import type { WatchEvent, WireGuard } from 'wgctrl'
import type { Io } from '../io.js'
import type { PeerNames } from '../peer-names/peer-names.js'
import { renderFrame } from './frame.js'
import { LiveTable } from './live-table.js'
import { Screen, type Terminal } from './terminal.js'

export interface LiveScreenOptions {
  /** Milliseconds between looks and between frames. */
  readonly interval: number
  readonly names: PeerNames
  readonly io: Pick<Io, 'env' | 'now'>
  readonly terminal: Terminal
}

/** Shows the live table until the user leaves. The terminal is what it was before, however it ends. */
export async function runLiveTable(
  wg: Pick<WireGuard, 'watch'>,
  device: string | undefined,
  options: LiveScreenOptions,
): Promise<number> {
  const { interval } = options
  const live = new LiveScreen(options)
  const watcher = wg.watch(device, { interval, initial: true })
  const told = waitForSignal()
  const timer = setInterval(() => live.tick(), interval)
  try {
    live.draw()
    await Promise.race([live.ended, told.ended, live.follow(watcher)])
    return 0
  } finally {
    clearInterval(timer)
    live.close()
    told.stop()
    await watcher.return()
  }
}

/** A table on a screen. */
class LiveScreen {
  /** Resolves when the user leaves, rejects when the screen cannot be drawn. */
  readonly ended: Promise<void>
  readonly #options: LiveScreenOptions
  readonly #table = new LiveTable()
  readonly #screen: Screen
  #fail = (_error: unknown): void => {}

  constructor(options: LiveScreenOptions) {
    this.#options = options
    const failed = new Promise<never>((_, reject) => {
      this.#fail = reject
    })
    this.#screen = new Screen(options.terminal, () => this.draw())
    this.ended = Promise.race([this.#screen.left, failed])
    this.ended.catch(() => {})
  }

  draw(): void {
    try {
      this.#screen.draw(frame(this.#table, this.#options))
    } catch (error) {
      this.#fail(error)
    }
  }

  tick(): void {
    const { io, interval } = this.#options
    this.#table.tick(io.now(), interval)
    this.draw()
  }

  async follow(events: AsyncIterable<WatchEvent>): Promise<void> {
    const { io, names } = this.#options
    let isFirst = true
    for await (const event of events) {
      if (event.type === 'device-added') await names.load([event.device])
      this.#table.apply(event, io.now())
      // The first peers are shown at once, and not a whole interval later.
      if (isFirst && event.type === 'peer-added') {
        isFirst = false
        setImmediate(() => this.draw())
      }
    }
  }

  close(): void {
    this.#screen.close()
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

function waitForSignal() {
  let end = (): void => {}
  const ended = new Promise<void>((resolve) => {
    end = resolve
  })
  for (const signal of SIGNALS) process.on(signal, end)
  const stop = (): void => {
    for (const signal of SIGNALS) process.off(signal, end)
  }
  return { ended, stop }
}

function frame(table: LiveTable, { io, names, terminal }: LiveScreenOptions): string[] {
  const { env } = io
  return renderFrame(table, {
    columns: terminal.columns,
    rows: terminal.rows,
    now: io.now(),
    hasColor: !env['NO_COLOR'] && env['WG_COLOR_MODE'] !== 'never' && env['TERM'] !== 'dumb',
    hasUnicode: /utf-?8/i.test(env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || ''),
    nameOf: (device, peer) => names.of(device, peer.publicKey),
  })
}
