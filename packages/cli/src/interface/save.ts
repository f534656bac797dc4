import { wipeOwnKeys } from '@wgctrl/types'
import { readConfigFile, updateConfig, writeConfigFile } from 'wgctrl'
import type { Run } from '../command.js'
import { fileOptions } from '../globals.js'
import { withInterfaces } from '../session.js'
import { warner } from '../warner.js'
import { configOf } from './config-path.js'
import { holdFile } from './held-file.js'
import { wholeChange } from './whole-change.js'

/** Writes what the device is now into its file; comments and spelling stay. */
export const runSave: Run = (invocation, io) =>
  withInterfaces(invocation, io, async (wg) => {
    const [word = ''] = invocation.words
    const found = await configOf(word, warner(invocation, io), invocation.globals)
    const { backend } = invocation.globals
    return await wholeChange(invocation, io, 'nothing was changed', async (interruption) => {
      const { signal } = interruption
      using _ = await holdFile(found.path, signal)
      const device = await wg.device(found.name, { backend, signal })
      const file = await readConfigFile(found.path, fileOptions(invocation.globals))
      updateConfig(file, device)
      wipeOwnKeys(device)
      interruption.begin()
      await writeConfigFile(found.path, file)
      return 0
    })
  })
