import { type Backend, type CallOptions, type DeviceConfig, WireGuardError } from '@wgctrl/types'
import type { Output } from '../io.js'

/** Fewer peers than this are sent before a bar could be read. */
const LONG = 2000

/** Peers that are sent between two pictures of the bar. */
const STEP = 500

/** Shows on a terminal how far a long change is. */
export interface Progress {
  report(done: number, total: number): void
  /** Leaves no trace on the terminal. */
  end(): void
}

/** A bar on `output`; nothing where that is no terminal. */
export function progressBar(output: Output): Progress | undefined {
  if (!output.isTTY) return undefined
  let isShown = false
  return {
    report(done, total) {
      isShown = true
      output.paint(`\r\x1b[K${barText(done, total, output.columns ?? 80)}`)
    },
    end() {
      if (isShown) output.paint('\r\x1b[K')
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
 * The same backend, sending a long change in pieces and telling how far it is. A change of many peers is
 * several messages on the wire anyway; their order stays.
 */
export function withProgress(backend: Backend, progress: Progress | undefined): Backend {
  if (!progress) return backend
  return {
    kind: backend.kind,
    capabilities: backend.capabilities,
    list: (options) => backend.list(options),
    device: (name, options) => backend.device(name, options),
    peers: (name, options) => backend.peers(name, options),
    configure: (name, config, options) => inPieces(backend, progress, name, config, options),
    [Symbol.asyncDispose]: () => backend[Symbol.asyncDispose](),
  }
}

async function inPieces(
  backend: Backend,
  progress: Progress,
  name: string,
  config: DeviceConfig,
  options: CallOptions | undefined,
): Promise<void> {
  const peers = config.peers ?? []
  if (peers.length < LONG) return backend.configure(name, config, options)
  try {
    for (let at = 0; at < peers.length; at += STEP) {
      progress.report(at, peers.length)
      const piece = { peers: peers.slice(at, at + STEP) }
      const change = at === 0 ? { ...config, ...piece } : piece
      await backend.configure(name, change, options).catch((error: unknown) => {
        throw relocated(error, at)
      })
    }
  } finally {
    progress.end()
  }
}

/** An error that names a peer by its place in a piece, by its place among all. */
function relocated(error: unknown, start: number): unknown {
  if (!(error instanceof WireGuardError) || error.path === undefined) return error
  const path = error.path.replace(/^peers\[(\d+)\]/, (_, at) => `peers[${start + Number(at)}]`)
  return new WireGuardError(error.message, { code: error.code, path, cause: error })
}
