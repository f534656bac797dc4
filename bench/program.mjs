import { spawn } from 'node:child_process'
import { once } from 'node:events'

/**
 * Runs a program to its end and takes in what it writes, as a program does that makes use of it.
 *
 * @param {string} command
 * @param {string[]} args
 */
export async function runProgram(command, args) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let bytes = 0
  child.stdout.on('data', (chunk) => {
    bytes += chunk.length
  })
  const [status] = await once(child, 'close')
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}`)
  return bytes
}

/**
 * The same with its output thrown away by the system: what the program itself costs.
 *
 * @param {string} command
 * @param {string[]} args
 */
export async function runUnheard(command, args) {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  const [status] = await once(child, 'close')
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}`)
}
