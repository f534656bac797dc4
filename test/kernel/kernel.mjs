#!/usr/bin/env node
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { MachineError, runInKernel } from './run.mjs'

const usage = `usage: npm run kernel -- [options] [--] command [argument...]

Runs a command as root against a real kernel with WireGuard, and exits with its status;
124: the time limit passed, 125: the kernel panicked or the machine failed.

  --kernel 6.1|6.12|6.18|newest|6.12-full|newest-full|host|auto
                      newest: the highest of Debian's backports and sid; full: with all drivers; auto: this host's own if it has
                      WireGuard, else 6.12
  --timeout SECONDS            limit for all of it, boot included (600)
  --memory SIZE                of the virtual machine (3G)
  --processors COUNT           of the virtual machine (1)
  --words WORDS                for the kernel's command line, such as ipv6.disable=1
  --results FOLDER             the one host folder it may write to, there as $WGCTRL_RESULTS; the file
                               release in it then says what \`uname -r\` said there
`

const options = {
  kernel: { type: 'string' },
  timeout: { type: 'string' },
  memory: { type: 'string' },
  processors: { type: 'string' },
  words: { type: 'string' },
  results: { type: 'string' },
  help: { type: 'boolean' },
}

// `| head` closes the pipe early; leaving in this way still stops the machine.
process.stdout.on('error', () => process.exit(141))
process.exitCode = await main(process.argv.slice(2))

async function main(argv) {
  const [words, [command, ...args]] = split(argv)
  try {
    const { help, timeout, ...rest } = parseArgs({ args: words, options }).values
    if (help || command === undefined) {
      process.stdout.write(usage)
      return help ? 0 : 125
    }
    const seconds = timeout === undefined ? {} : { timeout: Number(timeout) }
    const { status, release } = await runInKernel({ ...rest, ...seconds, command, args })
    if (rest.results !== undefined) writeFileSync(join(rest.results, 'release'), release)
    return status
  } catch (error) {
    process.stderr.write(`kernel: ${error.message}\n`)
    return error instanceof MachineError && error.reason === 'timeout' ? 124 : 125
  }
}

/** The first word that is no option and no option's value begins the command, as with env(1). */
function split(argv) {
  let index = 0
  while (index < argv.length && argv[index].startsWith('--')) {
    const word = argv[index++]
    if (word === '--') break
    if (options[word.slice(2)]?.type === 'string') index++
  }
  const own = argv.slice(0, index).filter((word) => word !== '--')
  return [own, argv.slice(index)]
}
