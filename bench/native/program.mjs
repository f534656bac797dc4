import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'

const USAGE_DESCRIPTOR = 3

/**
 * Runs a program to its end, its output read as by one who makes use of it.
 *
 * @param {string[]} command
 * @param {{ isHeard?: boolean }} [how] false: its output is thrown away by the system
 * @returns {Promise<number>} milliseconds that it had of processors, as `replay.c` tells them
 */
export async function runMeasured([file = '', ...args], { isHeard = true } = {}) {
  const child = spawn(file, args, {
    stdio: ['ignore', isHeard ? 'pipe' : 'ignore', 'inherit', 'pipe'],
    env: { ...process.env, REPLAY_USAGE: String(USAGE_DESCRIPTOR) },
  })
  child.stdout?.on('data', () => {})
  const usage = text(/** @type {import('node:stream').Readable} */ (child.stdio[USAGE_DESCRIPTOR]))
  const [status] = await once(child, 'close')
  if (status !== 0) throw new Error(`${file} ${args.join(' ')} ended with ${status}`)
  const [user = 0, system = 0] = (await usage).split(' ').map(Number)
  return (user + system) / 1000
}
