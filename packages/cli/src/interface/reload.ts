import { readConfigFile, type UpOptions } from 'wgctrl'
import type { Run } from '../command.js'
import { fileOptions } from '../globals.js'
import { withInterfaces } from '../session.js'
import { warner } from '../warner.js'
import { changeLines } from './change-lines.js'
import { configOf } from './config-path.js'
import { holdFile } from './held-file.js'
import { interfaceOf } from './interface-file.js'
import { commonOptions } from './up-down.js'
import { wholeChange } from './whole-change.js'

/** Brings an interface that is up to what its file says now. */
export const runReload: Run = (invocation, io) =>
  withInterfaces(invocation, io, async (wg) => {
    const [word = ''] = invocation.words
    const found = await configOf(word, warner(invocation, io), invocation.globals)
    const { hooks: _, ...options } = commonOptions(invocation, io)
    const dryRun = invocation.options['dryRun'] === true
    return await wholeChange(invocation, io, 'nothing was changed', async (interruption) => {
      const { signal } = interruption
      using __ = dryRun ? undefined : await holdFile(found.path, signal)
      const file = await readConfigFile(found.path, fileOptions(invocation.globals))
      const { hooks, dns, ...settings } = interfaceOf(file, found.name, invocation)
      const onStep: UpOptions['onStep'] = (event) => {
        interruption.begin()
        return options.onStep?.(event)
      }
      const changes = await wg.reconcile(found.name, settings, {
        ...options,
        ...{ dryRun, onStep, signal },
      })
      io.stdout.write(changeLines(changes, file))
      return 0
    })
  })
