import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run, runWell } from '../../scripts/command.mjs'
import { isolated } from '../../scripts/namespace.mjs'
import { root } from '../../scripts/packages.mjs'

/** The device that is read and written, and the index of its interface. */
export const device = { name: 'wg0', index: 1000 }

/** The kernel's own time for a byte of a dump: 2.5 to 2.85 ns were measured in a user-mode Linux 7.3 on such a host. */
export const PICOSECONDS = 2500

/** Where files are memory. */
export const memoryFolder = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

/** There is an interface of the device's name: a stream looks whether its own is still there. */
const withLink = [
  ...['sh', '-c'],
  `ip link add ${device.name} index ${device.index} type veth peer name peer && exec "$@"`,
  'sh',
]

/**
 * Makes the library that stands in the kernel's place.
 *
 * @param {string} folder
 */
export async function compileReplay(folder) {
  const source = join(root, 'bench/native/replay.c')
  const library = join(folder, 'replay.so')
  await runWell('gcc', ['-O2', '-Wall', '-shared', '-fPIC', '-o', library, source, '-ldl'])
  return library
}

/**
 * Runs a command in namespaces of its own, and gives the JSON that it prints last.
 *
 * @param {string[]} command
 * @param {Record<string, string>} env
 * @param {boolean} hasLink
 */
export async function runApart(command, env, hasLink) {
  const [file = '', ...args] = isolated(hasLink ? [...withLink, ...command] : command)
  const options = { cwd: root, env: { ...process.env, ...env }, seconds: 3600 }
  const { output } = await run(file, args, options)
  const [last = ''] = output.trim().split('\n').slice(-1)
  try {
    return JSON.parse(last)
  } catch (cause) {
    throw new Error(`${command.join(' ')} printed no result:\n${output}`, { cause })
  }
}
