import { wipeDevice } from '@wgctrl/types'
import { showConfig } from 'wgctrl'
import type { Run } from '../command.js'
import { Backends } from './backends.js'
import { adviceOf, reasonOf } from './failure.js'
import { interfaceName } from './text.js'
import { printUsage } from './usage.js'

export const run: Run = async (invocation, io) => {
  const [name, ...rest] = invocation.words
  if (name === undefined || rest.length > 0) {
    printUsage(invocation, io)
    return 1
  }
  await using backends = new Backends(invocation.globals, io)
  try {
    const device = await backends.device(name)
    io.stdout.write(showConfig(device, { interfaceName }))
    wipeDevice(device)
    return 0
  } catch (error) {
    io.stderr.write(
      `Unable to access interface: ${reasonOf(error)}\n${adviceOf(error, invocation.program)}`,
    )
    return 1
  }
}
