import { publicKey } from '@wgctrl/types'
import type { Run } from '../command.js'
import { takeKey } from './key-input.js'
import { printUsage } from './usage.js'

export const run: Run = async (invocation, io) => {
  const { program, words } = invocation
  if (words.length > 0) {
    printUsage(invocation, io)
    return 1
  }
  const key = takeKey(await io.stdin.read())
  if (typeof key === 'string') {
    io.stderr.write(`${program}: ${key}\n`)
    return 1
  }
  io.stdout.write(`${publicKey(key)}\n`)
  key.wipe()
  return 0
}
