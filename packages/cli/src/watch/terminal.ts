import { emitKeypressEvents } from 'node:readline'
import type { Key } from './view.js'

/** A terminal that a program has for itself. */
export interface Terminal {
  readonly columns: number
  readonly rows: number
  write(text: string): void
  /** Begins to hand over keys one by one, and tells when the size changes. */
  listen(onKey: (key: Key) => void, onResize: () => void): void
  unlisten(): void
}

/** What keeps its line and its screen for {@link Screen.close} to give back. */
export class ProcessTerminal implements Terminal {
  readonly #input = process.stdin
  readonly #output = process.stdout
  #onKey: ((text: string | undefined, key: NodeKey) => void) | undefined
  #onResize: (() => void) | undefined

  constructor() {
    // A terminal that was closed takes nothing any more, and SIGHUP ends the program.
    this.#output.on('error', () => {})
  }

  get columns(): number {
    return this.#output.columns || 80
  }

  get rows(): number {
    return this.#output.rows || 24
  }

  write(text: string): void {
    this.#output.write(text)
  }

  listen(onKey: (key: Key) => void, onResize: () => void): void {
    this.#onResize = onResize
    this.#output.on('resize', onResize)
    if (!this.#input.isTTY) return
    this.#onKey = (text = '', { name = '', ctrl = false }) =>
      onKey({ name: ctrl ? `ctrl-${name}` : name, text })
    emitKeypressEvents(this.#input)
    this.#input.setRawMode(true)
    this.#input.on('keypress', this.#onKey).resume()
  }

  unlisten(): void {
    if (this.#onResize) this.#output.off('resize', this.#onResize)
    if (!this.#onKey) return
    this.#input.off('keypress', this.#onKey).pause()
    this.#input.setRawMode(false)
    this.#input.unref()
    this.#onKey = undefined
  }
}

/** What node:readline tells of a key. */
interface NodeKey {
  readonly name?: string | undefined
  readonly ctrl?: boolean
}

/** @source XTerm Control Sequences: DECSET 1049 (alternate screen), 25 (cursor), 7 (wraparound); ED, EL, CUP */
const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l'
const LEAVE = '\x1b[?7h\x1b[?25h\x1b[?1049l'
const HOME = '\x1b[H'
const CLEAR_LINE = '\x1b[K'
const CLEAR_BELOW = '\x1b[J'

/** The whole screen, which shows again what it showed before when it is closed. */
export class Screen {
  readonly #terminal: Terminal
  readonly #onKey: (key: Key) => void
  readonly #onResize: () => void
  #isOpen = false

  constructor(terminal: Terminal, onKey: (key: Key) => void, onResize: () => void) {
    this.#terminal = terminal
    this.#onKey = onKey
    this.#onResize = onResize
  }

  open(): void {
    if (this.#isOpen) return
    this.#isOpen = true
    this.#terminal.write(ENTER)
    this.#terminal.listen(this.#onKey, this.#onResize)
  }

  /** Nothing while the screen is closed. */
  draw(lines: readonly string[]): void {
    if (!this.#isOpen) return
    this.#terminal.write(`${HOME}${lines.join(`${CLEAR_LINE}\r\n`)}${CLEAR_LINE}${CLEAR_BELOW}`)
  }

  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#terminal.unlisten()
    this.#terminal.write(LEAVE)
  }
}
