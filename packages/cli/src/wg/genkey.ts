import { fstatSync } from 'node:fs'
import { generatePresharedKey, generatePrivateKey, KEPT_APART } from '@wgctrl/types'
import type { Run } from '../command.js'
import type { Io } from '../io.js'
import { printUsage } from './usage.js'

/** @source stat(2): S_IRWXO, all rights of others */
const RIGHTS_OF_OTHERS = 0o7

/** `genkey` and `genpsk`. */
export const run: Run = async (invocation, io) => {
  if (invocation.words.length > 0) {
    printUsage(invocation, io)
    return 1
  }
  if (isOpenToOthers(io)) {
    io.stderr.write(
      'Warning: writing to world accessible file.\nConsider setting the umask to 077 and trying again.\n',
    )
  }
  const key = invocation.command === 'genkey' ? generatePrivateKey() : generatePresharedKey()
  io.stdout.write(`${key.toBase64()}\n`)
  key.wipe()
  return 0
}

function isOpenToOthers({ stdout }: Io): boolean {
  if (stdout.fd === undefined) return false
  const stat = fstatSync(stdout.fd, KEPT_APART)
  return stat.isFile() && (Number(stat.mode) & RIGHTS_OF_OTHERS) !== 0
}
