import type { PublicKey, WatchEvent, WireGuardClient } from 'wgctrl'
import type { Io } from '../io.js'
import type { PeerNames } from '../peer-names/peer-names.js'
import { type Frame, renderFrame } from './frame.js'
import { LiveTable } from './live-table.js'
import { Screen, type Terminal } from './terminal.js'
import { FIRST_VIEW, type Key, pressed, type Seen, type View } from './view.js'

export interface LiveScreenOptions {
  /** Milliseconds between looks and between frames. */
  readonly interval: number
  readonly names: PeerNames
  readonly io: Pick<Io, 'env' | 'now'>
  readonly terminal: Terminal
}

/** Shows the live table until the user leaves. The terminal is what it was before, however it ends. */
export async function runLiveTable(
  wg: Pick<WireGuardClient, 'watch'>,
  device: string | undefined,
  options: LiveScreenOptions,
): Promise<number> {
  const { interval } = options
  const live = new LiveScreen(options)
  const watcher = wg.watch(device, { interval, initial: true })
  const unhook = hookProcess(live)
  const timer = setInterval(() => live.tick(), interval)
  try {
    live.open()
    await Promise.race([live.ended, live.follow(watcher)])
    return 0
  } finally {
    clearInterval(timer)
    live.close()
    unhook()
    await watcher.return()
  }
}

/** What ends the program, after which the terminal has to be as it was. */
const ENDS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const

/** @returns takes it back */
function hookProcess(live: LiveScreen): () => void {
  const leave = (): void => live.leave()
  const close = (): void => live.close()
  const stop = (): void => {
    live.close()
    // This time it does what it does by itself, and we are here again when somebody has us go on.
    process.off('SIGTSTP', stop)
    process.kill(process.pid, 'SIGTSTP')
    process.on('SIGTSTP', stop)
    // It may not have stopped: nobody could have an orphan go on.
    setImmediate(() => live.open())
  }
  // A shell may have changed the terminal meanwhile.
  const reopen = (): void => {
    live.close()
    live.open()
  }
  live.onStop = stop
  const listeners: [NodeJS.Signals | 'exit' | 'uncaughtExceptionMonitor', () => void][] = [
    ...ENDS.map((signal) => [signal, leave] as [NodeJS.Signals, () => void]),
    ['SIGTSTP', stop],
    ['SIGCONT', reopen],
    ['exit', close],
    // Before what went wrong is printed.
    ['uncaughtExceptionMonitor', close],
  ]
  for (const [event, listener] of listeners) process.on(event, listener)
  return () => {
    for (const [event, listener] of listeners) process.off(event, listener)
    live.onStop = (): void => {}
  }
}

/** A table on a screen. */
class LiveScreen {
  /** Resolves when the user leaves, rejects when the screen cannot be drawn. */
  readonly ended: Promise<void>
  /** Called when the user wants the program to stop for a while. */
  onStop = (): void => {}
  readonly #options: LiveScreenOptions
  readonly #table = new LiveTable()
  readonly #screen: Screen
  #view: View = FIRST_VIEW
  #seen: Seen = { count: 0, places: 0, current: undefined }
  /** When the user made a pause; `undefined`: it goes on. */
  #pausedAt: number | undefined
  #isClosed = false
  #leave = (): void => {}
  #fail = (_error: unknown): void => {}
  #goOn = (): void => {}

  constructor(options: LiveScreenOptions) {
    this.#options = options
    this.ended = new Promise((resolve, reject) => {
      this.#leave = resolve
      this.#fail = reject
    })
    this.ended.catch(() => {})
    this.#screen = new Screen(
      options.terminal,
      (key) => this.#press(key),
      () => this.draw(),
    )
  }

  open(): void {
    if (this.#isClosed) return
    this.#screen.open()
    this.draw()
  }

  leave(): void {
    this.#isClosed = true
    this.#leave()
  }

  draw(): void {
    try {
      const { lines, seen } = frame(this.#table, this.#options, this.#view, this.#now)
      this.#seen = seen
      this.#screen.draw(lines)
    } catch (error) {
      this.#fail(error)
    }
  }

  tick(): void {
    if (this.#pausedAt !== undefined) return
    this.#table.tick(this.#now, this.#options.interval)
    this.draw()
  }

  /** In a pause what happens waits in the watcher, which merges what is not taken. */
  async follow(events: AsyncIterable<WatchEvent>): Promise<void> {
    const { names } = this.#options
    let isFirst = true
    for await (const event of events) {
      while (this.#pausedAt !== undefined) await this.#untilGoingOn()
      if (event.type === 'device-added') await names.load([event.device])
      this.#table.apply(event, this.#now)
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

  get #now(): number {
    return this.#pausedAt ?? this.#options.io.now()
  }

  #untilGoingOn(): Promise<void> {
    return new Promise((resolve) => {
      this.#goOn = resolve
    })
  }

  #press(key: Key): void {
    const next = pressed(this.#view, key, this.#seen)
    if (next === 'leave') this.leave()
    else if (next === 'suspend') this.onStop()
    else this.#look(next)
  }

  #look(next: View): void {
    this.#view = next
    if (next.isPaused) this.#pausedAt ??= this.#options.io.now()
    else if (this.#pausedAt !== undefined) {
      this.#pausedAt = undefined
      this.#goOn()
    }
    this.draw()
  }
}

function frame(
  table: LiveTable,
  { io: { env }, names, terminal }: LiveScreenOptions,
  view: View,
  now: number,
): Frame {
  const options = {
    columns: terminal.columns,
    rows: terminal.rows,
    now,
    hasColor: !env['NO_COLOR'] && env['WG_COLOR_MODE'] !== 'never' && env['TERM'] !== 'dumb',
    hasUnicode: /utf-?8/i.test(env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || ''),
    nameOf: (device: string, { publicKey }: { publicKey: PublicKey }) =>
      names.of(device, publicKey),
  }
  return renderFrame(table, options, view)
}
