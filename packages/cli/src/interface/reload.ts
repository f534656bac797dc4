import { AbortError, type InterfaceChange, readConfigFile, type UpOptions } from 'wgctrl'
import type { Run } from '../command.js'
import { withInterfaces } from '../session.js'
import { say, warner } from '../warner.js'
import { changeLines } from './change-lines.js'
import { configOf } from './config-path.js'
import { interfaceOf } from './interface-file.js'
import { Interruption } from './interruption.js'
import { commonOptions } from './up-down.js'

/**
 * Brings an interface that is up to what its file says now. A signal ends it as long as nothing was changed, and
 * is heard when all is done from then on: what is half changed is of no use to anybody.
 */
export const runReload: Run = (invocation, io) =>
  withInterfaces(invocation, io, async (wg) => {
    const [word = ''] = invocation.words
    const found = await configOf(word, warner(invocation, io))
    const file = await readConfigFile(found.path, invocation.globals.trust)
    const { hooks: _, dns, ...settings } = interfaceOf(file, found.name, invocation)
    const { hooks: __, ...options } = commonOptions(invocation, io)
    const dryRun = invocation.options['dryRun'] === true
    using interruption = new Interruption()
    const beginning = new AbortController()
    const onAbort = (): void => beginning.abort()
    interruption.signal.addEventListener('abort', onAbort, { once: true })
    const onStep: UpOptions['onStep'] = (event) => {
      interruption.signal.removeEventListener('abort', onAbort)
      return options.onStep?.(event)
    }
    const { signal } = beginning
    let changes: readonly InterfaceChange[]
    try {
      changes = await wg.reconcile(found.name, settings, { ...options, dryRun, onStep, signal })
    } catch (error) {
      if (!(error instanceof AbortError) || interruption.status === undefined) throw error
      const text = 'interrupted; nothing was changed'
      say(io.stderr, `${invocation.program} ${invocation.command}: ${text}\n`)
      return interruption.end()
    }
    io.stdout.write(changeLines(changes, file))
    return interruption.status ?? 0
  })
