import { parseListenAddress } from '@wgctrl/types'
import type { Run } from '../command.js'
import { configReader, PeerNames } from '../peer-names/peer-names.js'
import { runService } from '../service/service.js'
import { withDevices } from '../session.js'
import { say, warner } from '../warner.js'
import { Exporter } from './exporter.js'

export const runMetrics: Run = (invocation, io) =>
  withDevices(invocation, io, async (wg) => {
    const { words, options, globals } = invocation
    const warn = warner(invocation, io)
    const exporter = new Exporter(wg, {
      listen: parseListenAddress(String(options['listen']), '--listen'),
      devices: words.length > 0 ? [...new Set(words)] : undefined,
      names: new PeerNames(
        options['names'] as string[] | undefined,
        configReader(globals),
        globals.dialect,
      ),
      maxAge: maxAgeOf(options['maxAge']),
      hasRemoteLabels: options['remoteLabels'] === true,
      hasHandshakeDelay: options['handshakeDelay'] === true,
      now: () => io.now(),
      warn,
    })
    await runService(
      announced(exporter, (text) => say(io.stderr, `${text}\n`)),
      {
        env: io.env,
        pid: process.pid,
        warn,
      },
    )
    return 0
  })

/**
 * Says once where it serves, as the port may have been left to the system; and what it cannot read, before
 * anybody asks.
 */
function announced(exporter: Exporter, tell: (text: string) => void): Exporter {
  const start = exporter.start.bind(exporter)
  return Object.assign(exporter, {
    async start(): Promise<void> {
      await start()
      tell(exporter.status())
      void exporter.look()
    },
  })
}

/** Seconds; 0: read for every request, the longest that a reading is kept otherwise. */
const LONGEST = 60

function maxAgeOf(text: unknown): number {
  const seconds = Number(text)
  if (seconds >= 0 && seconds <= LONGEST) return seconds * 1000
  throw new Error(`--max-age: expected 0 to ${LONGEST} seconds, got ${JSON.stringify(text)}`)
}
