import type { Backend, ConfigureOptions, DeviceConfig } from '@wgctrl/types'
import { Interruption } from '../interface/interruption.js'
import type { Output } from '../io.js'

/** Fewer peers than this are sent before a bar could be read. */
const LONG = 2000

/** Milliseconds between two pictures of the bar. */
const PAUSE = 50

/** Shows on a terminal how far a long change is. */
export interface Progress {
  report(done: number, total: number): void
  /** Leaves no trace on the terminal. */
  end(): void
}

/** A bar on `output`; nothing where that is no terminal. One that was closed does not end a change. */
export function progressBar(output: Output): Progress | undefined {
  if (!output.isTTY) return undefined
  let shownAt = Number.NEGATIVE_INFINITY
  const paint = (text: string): void => {
    try {
      output.paint(text)
    } catch {
      // Nobody looks any more.
    }
  }
  return {
    report(done, total) {
      const now = performance.now()
      if (done > 0 && done < total && now - shownAt < PAUSE) return
      shownAt = now
      paint(`\r\x1b[K${barText(done, total, output.columns ?? 80)}`)
    },
    end() {
      if (shownAt > Number.NEGATIVE_INFINITY) paint('\r\x1b[K')
    },
  }
}

/** @internal */
export function barText(done: number, total: number, columns: number): string {
  const count = ` ${done}/${total} peers`
  const width = Math.max(0, Math.min(40, columns - count.length - 3))
  const filled = Math.round((done / total) * width)
  return `[${'#'.repeat(filled)}${' '.repeat(width - filled)}]${count}`
}

/**
 * The same backend, telling how far a long change is. From the first change on a signal is heard when the backend is
 * closed: a command may have several to send, and what is half sent is of no use to anybody.
 */
export function withProgress(backend: Backend, progress?: Progress | undefined): Backend {
  let end = (): void => {}
  let hasBegun = false
  return {
    kind: backend.kind,
    capabilities: backend.capabilities,
    list: (options) => backend.list(options),
    device: (name, options) => backend.device(name, options),
    peers: (name, options) => backend.peers(name, options),
    configure: (name, config, options) => {
      if (!hasBegun) end = endLater()
      hasBegun = true
      return shown(backend, progress, name, config, options)
    },
    async [Symbol.asyncDispose]() {
      await backend[Symbol.asyncDispose]()
      end()
    },
  }
}

async function shown(
  backend: Backend,
  progress: Progress | undefined,
  name: string,
  config: DeviceConfig,
  options: ConfigureOptions | undefined,
): Promise<void> {
  const total = config.peers?.length ?? 0
  const bar = total < LONG ? undefined : progress
  try {
    bar?.report(0, total)
    // A backend may send more peers than were asked for, and takes them away again.
    const onProgress = (sent: number): void => bar?.report(Math.min(sent, total), total)
    await backend.configure(name, config, { ...options, onProgress })
  } finally {
    bar?.end()
  }
}

/** Milliseconds that a change is waited for behind a signal: a daemon may hang. */
const GRACE = 5000

/** From now on a signal ends this process when what is returned is called, or in a while. */
function endLater(): () => void {
  const interruption = new Interruption()
  let timer: NodeJS.Timeout | undefined
  const end = (): void => {
    clearTimeout(timer)
    interruption.end()
  }
  const wait = (): void => {
    timer = setTimeout(end, GRACE)
  }
  interruption.signal.addEventListener('abort', wait, { once: true })
  return end
}
