import { execFile } from 'node:child_process'
import { chmod, chown, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'
import type { KernelBackend, UserspaceBackend } from 'wgctrl'
import { NOBODY } from './commands.js'

const run = promisify(execFile)
const probe = new URL('probe.mjs', import.meta.url)

/** Runs the probe below `command`, with a folder that its user may write and a device of root's beside. */
export async function probed(
  backend: KernelBackend | UserspaceBackend,
  command: string[],
  env: Record<string, string> = {},
): Promise<object> {
  await backend.create('wgroot0')
  onTestFinished(() => backend.delete('wgroot0'))
  return (await saidBelow(command, probe, backend.kind, env)) as object
}

/** What a program says below `command`, as JSON: it is given a folder of its own and `what`. */
export async function saidBelow(
  command: string[],
  file: URL,
  what: string,
  env: Record<string, string> = {},
): Promise<unknown> {
  const directory = await mkdtemp(join(tmpdir(), 'wgctrl-privileges-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  await chmod(directory, 0o700)
  await chown(directory, NOBODY, NOBODY)
  if (command.includes('setpriv')) await checkReachable(directory)
  const words = [process.execPath, fileURLToPath(file), directory, what]
  const [program = '', ...args] = [...command, ...words]
  const { stdout } = await run(program, args, {
    env: { PATH: process.env['PATH'], TMPDIR: directory, ...env },
  })
  return JSON.parse(stdout)
}

async function checkReachable(directory: string): Promise<void> {
  for (let path = dirname(directory); path !== '/'; path = dirname(path)) {
    const isOpen = ((await stat(path)).mode & 0o001) !== 0
    if (!isOpen) throw new Error(`others cannot pass through ${path}: set TMPDIR to another folder`)
  }
}
