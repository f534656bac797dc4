import { existsSync } from 'node:fs'
import { readFile, realpath, symlink } from 'node:fs/promises'
import { run } from './command.js'

/** Where programs for root are, which are looked at whatever PATH says. */
const FOR_ROOT = ['/usr/local/sbin', '/usr/sbin']

/**
 * Hides the programs for root, and has PATH name this folder alone.
 *
 * @returns what shows them again
 */
export async function hidePrograms(path: string): Promise<() => Promise<void>> {
  const { PATH = '' } = process.env
  const loader = await moduleLoader()
  for (const hidden of FOR_ROOT) await run('mount', '-t', 'tmpfs', 'wgctrl-test', hidden)
  if (loader && !existsSync(loader.path)) await symlink(loader.program, loader.path)
  process.env.PATH = path
  return async () => {
    process.env.PATH = PATH
    for (const hidden of FOR_ROOT) await run('umount', hidden)
  }
}

/**
 * What the kernel starts to load a module, by a path in these folders: in the machine of test/kernel a test has the
 * mounts of the kernel, which without it would have no more modules than were loaded before. The program itself is elsewhere.
 */
async function moduleLoader(): Promise<{ path: string; program: string } | undefined> {
  try {
    const path = (await readFile('/proc/sys/kernel/modprobe', 'utf8')).trim()
    return { path, program: await realpath(path) }
  } catch {
    return undefined // A kernel that loads no modules, or a host without what would load them.
  }
}
