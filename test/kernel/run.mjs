import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { cacheDirectory } from './cache.mjs'
import { hostHasWireGuard, runOnHost } from './host.mjs'
import { kernels } from './image.mjs'
import { runInMachine } from './machine.mjs'
import { installRequirements } from './requirements.mjs'
import { withCleanup } from './supervise.mjs'

export { MachineError } from './machine.mjs'

/** What a command in the guest gets of this process's environment, besides `WGCTRL_*`. */
const passed = [
  ...['PATH', 'CI', 'NODE_ENV', 'NODE_OPTIONS', 'LANG', 'LC_ALL', 'TZ'],
  ...['TERM', 'FORCE_COLOR', 'NO_COLOR'],
]

/**
 * Runs a command as root against a real kernel with WireGuard, away from any real network.
 *
 * @param {object} options
 * @param {'6.1' | '6.12' | '6.18' | 'newest' | 'host' | 'auto'} [options.kernel] 'auto': this host's own kernel if it has
 *   WireGuard, else 6.12 in a virtual machine. Default '6.12'
 * @param {string} options.command
 * @param {string[]} [options.args]
 * @param {string} [options.cwd] default: this process's
 * @param {Record<string, string>} [options.env] on top of what is passed on anyway
 * @param {string} [options.results] folder the command may write to, made if it is missing and given to
 *   the command as `WGCTRL_RESULTS`. Default: that variable, else one that is dropped afterwards
 * @param {number} [options.timeout] seconds, all in all; default 600
 * @param {string} [options.memory] of the virtual machine; default '3G'
 * @param {number} [options.processors] of the virtual machine; default 1, which is the fastest for
 *   anything that removes peers
 * @param {string} [options.words] what the kernel's command line has besides, such as 'ipv6.disable=1';
 *   not for the host's own kernel
 * @param {(chunk: Buffer) => void} [options.onOutput] both streams of the command, as they come;
 *   default: this process's standard output
 * @returns {Promise<{ status: number, kernel: string, release: string, bootSeconds: number }>} `kernel` is
 *   what was chosen (never 'auto'), `release` what `uname -r` says there
 * @throws {MachineError} no status came back; `reason` is 'panic', 'timeout' or 'silent'
 */
export async function runInKernel({
  kernel = '6.12',
  command,
  args = [],
  cwd = process.cwd(),
  env = {},
  results = process.env.WGCTRL_RESULTS,
  timeout = 600,
  memory = '3G',
  processors = 1,
  words = '',
  onOutput = (chunk) => process.stdout.write(chunk),
}) {
  if (!(timeout > 0)) throw new RangeError('timeout: a number of seconds above 0')
  const chosen = await chooseKernel(kernel)
  if (chosen === 'host' && words) throw new RangeError('words: the host has booted already')
  return withCleanup(async (defer) => {
    const folder = results ? resolve(results) : mkdtempSync(join(tmpdir(), 'wgctrl-results-'))
    if (results) mkdirSync(folder, { recursive: true })
    else defer(() => rmSync(folder, { recursive: true, force: true }))
    const run = chosen === 'host' ? runOnHost : runInMachine
    const options = {
      kernel: chosen,
      command: [command, ...args],
      cwd: resolve(cwd),
      env: {
        ...environment(),
        ...env,
        WGCTRL_KERNEL: chosen,
        WGCTRL_RESULTS: folder,
        // The guest's home is another.
        WGCTRL_CACHE: cacheDirectory(),
      },
      results: folder,
      timeout,
      memory,
      processors,
      words,
      onOutput,
    }
    return { kernel: chosen, ...(await run(options, defer)) }
  })
}

/**
 * The kernel that a wish comes down to on this machine.
 *
 * @param {string} wish one of `kernels`, 'host' or 'auto'
 * @returns {Promise<string>} one of `kernels`, or 'host'
 *
 * @internal
 */
export async function chooseKernel(wish) {
  if (kernels.includes(wish)) return wish
  if (wish !== 'host' && wish !== 'auto') {
    throw new Error(`no such kernel: ${wish}; there are ${kernels.join(', ')}, host and auto`)
  }
  await installRequirements({ machine: false })
  if (await hostHasWireGuard()) return 'host'
  if (wish === 'auto') return '6.12'
  throw new Error("this machine's own kernel has no WireGuard, or may not be asked: not root?")
}

function environment() {
  const isPassed = ([name]) => passed.includes(name) || name.startsWith('WGCTRL_')
  const env = Object.fromEntries(Object.entries(process.env).filter(isPassed))
  return { ...env, PATH: `${env.PATH}:/usr/local/sbin:/usr/sbin:/sbin` }
}
