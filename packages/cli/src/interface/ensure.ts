import { readConfigFile, type UpOptions } from 'wgctrl'
import type { Run } from '../command.js'
import { fileOptions } from '../globals.js'
import { withInterfaces } from '../session.js'
import { warner } from '../warner.js'
import { changeLines } from './change-lines.js'
import { configOf } from './config-path.js'
import { fileForHooks } from './file-for-hooks.js'
import { holdFile } from './held-file.js'
import { interfaceOf } from './interface-file.js'
import { commonOptions } from './up-down.js'
import { wholeChange } from './whole-change.js'

/**
 * Brings an interface to what its file says, whether it is up or not. A signal takes back what was made of a new one;
 * of one that was there it changes nothing, or is heard when all is done.
 */
export const runEnsure: Run = (invocation, io) =>
  withInterfaces(invocation, io, async (wg) => {
    const [word = ''] = invocation.words
    const found = await configOf(word, warner(invocation, io), invocation.globals)
    const dryRun = invocation.options['dryRun'] === true
    const { backend } = invocation.globals
    const common = { ...commonOptions(invocation, io), backend, dryRun }
    return await wholeChange(invocation, io, 'all is taken back', async (interruption) => {
      const { signal } = interruption
      using _ = dryRun ? undefined : await holdFile(found.path, signal)
      const file = await readConfigFile(found.path, fileOptions(invocation.globals))
      const config = interfaceOf(file, found.name, invocation)
      const options = { ...common, ...(await fileForHooks(found, invocation)) }
      const onStep: UpOptions['onStep'] = (event) => {
        if (event.operation === 'reconcile') interruption.begin()
        return options.onStep?.(event)
      }
      const result = await wg.ensure(config, { ...options, onStep, signal })
      if (result.action === 'up')
        io.stdout.write(`${dryRun ? 'would bring' : 'brought'} up ${found.name}\n`)
      if (result.action === 'reconcile') io.stdout.write(changeLines(result.changes, file))
      return 0
    })
  })
