import { generatePresharedKey, generatePrivateKey } from '@wgctrl/types'
import type { Run } from '../command.js'
import { warnIfOpen } from './open-output.js'
import { printUsage } from './usage.js'

/** `genkey` and `genpsk`. */
export const run: Run = async (invocation, io) => {
  if (invocation.words.length > 0) {
    printUsage(invocation, io)
    return 1
  }
  warnIfOpen(io)
  const key = invocation.command === 'genkey' ? generatePrivateKey() : generatePresharedKey()
  io.stdout.write(`${key.toBase64()}\n`)
  key.wipe()
  return 0
}
