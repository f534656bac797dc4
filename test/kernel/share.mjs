import { execFile as execFileWithCallback } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { findTool } from './requirements.mjs'
import { startLogged, stop } from './supervise.mjs'

const execFile = promisify(execFileWithCallback)

/**
 * Starts a virtiofsd that offers `source` under `tag`, on a socket in the folder `run`.
 *
 * @param {object} options
 * @param {string} options.tag
 * @param {string} options.source
 * @param {boolean} [options.readOnly] where virtiofsd can be told to; the guest mounts it so anyway
 * @param {string} options.run
 * @param {import('./supervise.mjs').Defer} options.defer
 * @returns {Promise<{ tag: string, socket: string }>} once the socket is there
 */
export async function startShare({ tag, source, readOnly = false, run, defer }) {
  const socket = join(run, `${tag}.socket`)
  const log = join(run, `${tag}.log`)
  const program = findTool('virtiofsd')
  const options = await shareOptions(program, source, readOnly)
  const daemon = startLogged([program, `--socket-path=${socket}`, ...options], log)
  // Debian 12's leaves a file with its pid, named for the socket.
  const pidFile = join('/run/virtiofsd', `${socket.replaceAll('/', '.')}.pid`)
  defer(() => rmSync(pidFile, { force: true }))
  defer(() => stop(daemon))
  const ended = once(daemon, 'exit').then(() => true)
  while (!existsSync(socket)) {
    if (await Promise.race([ended, sleep(10)])) {
      throw new Error(`virtiofsd ended: ${readFileSync(log, 'utf8')}`)
    }
  }
  return { tag, socket }
}

/** Of the two programs of that name, one came with qemu (Debian 12), the other is on its own. */
async function shareOptions(program, source, readOnly) {
  const { stdout } = await execFile(program, ['--help'])
  if (!stdout.includes('--shared-dir')) {
    return ['-o', `source=${source}`, '-o', 'cache=always', '-o', 'sandbox=chroot']
  }
  const limit = readOnly && stdout.includes('--readonly') ? ['--readonly'] : []
  // A folder that is announced as a mount point of its own cannot be below an overlay.
  const rest = ['--cache=always', '--sandbox=chroot', '--no-announce-submounts']
  return [`--shared-dir=${source}`, ...rest, ...limit]
}
