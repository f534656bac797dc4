import { execFile } from 'node:child_process'
import { chmod, chown, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'
import type { KernelBackend, UserspaceBackend } from 'wgctrl'
import { NOBODY } from './commands.js'

const run = promisify(execFile)
const probe = fileURLToPath(new URL('probe.mjs', import.meta.url))

/** Runs the probe below `command`, with a folder that its user may write and a device of root's beside. */
export async function probed(
  backend: KernelBackend | UserspaceBackend,
  command: string[],
  env: Record<string, string> = {},
): Promise<object> {
  await backend.create('wgroot0')
  onTestFinished(() => backend.delete('wgroot0'))
  const directory = await mkdtemp(join(tmpdir(), 'wgctrl-privileges-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  await chmod(directory, 0o700)
  await chown(directory, NOBODY, NOBODY)
  if (command.includes('setpriv')) await chmod(tmpdir(), 0o1777)
  const [program = '', ...args] = [...command, process.execPath, probe, directory, backend.kind]
  const { stdout } = await run(program, args, {
    env: { PATH: process.env['PATH'], TMPDIR: directory, ...env },
  })
  return JSON.parse(stdout)
}
