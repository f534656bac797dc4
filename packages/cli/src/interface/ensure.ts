import { readConfigFile } from 'wgctrl'
import type { Run } from '../command.js'
import { withInterfaces } from '../session.js'
import { warner } from '../warner.js'
import { changeLines } from './change-lines.js'
import { configOf } from './config-path.js'
import { interfaceOf } from './interface-file.js'
import { commonOptions } from './up-down.js'

/** Brings an interface to what its file says, whether it is up or not. */
export const runEnsure: Run = (invocation, io) =>
  withInterfaces(invocation, io, async (wg) => {
    const [word = ''] = invocation.words
    const found = await configOf(word, warner(invocation, io))
    const file = await readConfigFile(found.path, invocation.globals.trust)
    const config = interfaceOf(file, found.name, invocation)
    const dryRun = invocation.options['dryRun'] === true
    const { backend } = invocation.globals
    const result = await wg.ensure(config, { ...commonOptions(invocation, io), backend, dryRun })
    if (result.action === 'up')
      io.stdout.write(`${dryRun ? 'would bring' : 'brought'} up ${found.name}\n`)
    if (result.action !== 'reconcile') return 0
    io.stdout.write(changeLines(result.changes, file))
    return 0
  })
