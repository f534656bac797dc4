import type { WireGuardClient } from 'wgctrl'
import type { Run } from '../command.js'
import { fileErrorText } from '../error-text.js'
import type { Io } from '../io.js'
import { configReader, PeerNames } from '../peer-names/peer-names.js'
import { withDevices } from '../session.js'
import { warner } from '../warner.js'
import { eventJson, eventLine } from './event-line.js'
import { runLiveTable } from './live-screen.js'
import { ProcessTerminal } from './terminal.js'

/** Seconds: more often than that tells nothing new, and less often is no watching. */
const [SHORTEST, LONGEST] = [0.1, 3600]

export const runWatch: Run = (invocation, io) =>
  withDevices(invocation, io, async (wg) => {
    const { options, words, globals } = invocation
    const [device] = words
    const interval = intervalOf(options['interval'])
    const names = new PeerNames(
      typeof options['names'] === 'string' ? [options['names']] : [],
      configReader(globals),
      globals.dialect,
    )
    const warn = warner(invocation, io)
    const problems = await names.load(device === undefined ? [] : [device])
    for (const { file, error } of problems) warn(fileErrorText(file, error))
    if (device !== undefined) await wg.device(device, { maxAge: interval })
    const isTable = io.stdout.isTTY && !options['lines'] && !options['json']
    if (isTable)
      return await runLiveTable(wg, device, {
        interval,
        names,
        io,
        terminal: new ProcessTerminal(),
      })
    return await writeLines(wg, device, interval, names, options['json'] === true, io)
  })

function intervalOf(text: unknown): number {
  const seconds = Number(text)
  if (seconds >= SHORTEST && seconds <= LONGEST) return seconds * 1000
  throw new Error(
    `--interval: expected ${SHORTEST} to ${LONGEST} seconds, got ${JSON.stringify(text)}`,
  )
}

async function writeLines(
  wg: WireGuardClient,
  device: string | undefined,
  interval: number,
  names: PeerNames,
  isJson: boolean,
  io: Io,
): Promise<number> {
  const watcher = wg.watch(device, { interval, initial: true })
  const end = (): void => void watcher.return()
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.once(signal, end)
  try {
    for await (const event of watcher) {
      if (event.type === 'device-added') await names.load([event.device])
      const time = new Date(io.now())
      const nameOf = (of: string, key: string): string | undefined => names.of(of, key)
      const line = isJson
        ? eventJson(event, time)
        : `${time.toISOString()} ${eventLine(event, nameOf)}`
      try {
        io.stdout.write(`${line}\n`)
      } catch (error) {
        // Who read has what he wanted.
        if ((error as NodeJS.ErrnoException).code === 'EPIPE') break
        throw error
      }
    }
    return 0
  } finally {
    for (const signal of signals) process.off(signal, end)
  }
}
