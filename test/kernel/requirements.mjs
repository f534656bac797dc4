import { execFile as execFileWithCallback } from 'node:child_process'
import { accessSync, constants, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { withCacheLock } from './cache.mjs'

const execFile = promisify(execFileWithCallback)

/** How long to wait for another process that installs packages. */
const aptLockSeconds = 300

/** What runs a command against a kernel; `machine`: needed only where a virtual machine is booted. */
const tools = [
  { package: 'iproute2', command: 'ip', why: 'makes links and namespaces' },
  { package: 'iputils-ping', command: 'ping', why: 'sends traffic through devices' },
  { package: 'wireguard-tools', command: 'wg', why: 'is what the library is compared with' },
  { package: 'wireguard-go', command: 'wireguard-go', why: 'makes userspace devices' },
  { package: 'python3', command: 'python3', why: 'watches for what leaves in clear' },
  {
    package: 'qemu-system-x86',
    command: 'qemu-system-x86_64',
    why: 'runs the virtual machine',
    machine: true,
  },
  {
    package: virtiofsdPackage(),
    command: 'virtiofsd',
    why: "shows the machine the host's files",
    machine: true,
  },
  {
    package: 'kmod',
    command: 'depmod',
    why: "indexes and loads the kernel's modules",
    machine: true,
  },
  {
    package: 'busybox-static',
    command: 'busybox',
    why: 'is the shell of the initramfs',
    machine: true,
    isUsable: isStatic,
  },
]

/** Debian packages of all that the kernel tests need, for a script that installs them with others. @internal */
export const requirements = tools.map((tool) => tool.package)

/**
 * Installs what is missing (Debian and its kin, as root), or fails with the names to install.
 *
 * @param {{ machine: boolean }} need `machine`: also what boots a virtual machine
 */
export async function installRequirements({ machine }) {
  const missing = () =>
    tools.filter((tool) => (machine || !tool.machine) && !findTool(tool.command))
  if (missing().length === 0) return
  await withCacheLock(async () => {
    const wanted = missing()
    if (wanted.length === 0) return
    const names = wanted.map((tool) => tool.package)
    if (process.getuid?.() !== 0 || !findCommand('apt-get')) {
      const words = wanted.map((tool) => `${tool.package} (${tool.why})`).join(', ')
      throw new Error(
        `missing: ${words}; install these packages, or run as root on Debian to have it done`,
      )
    }
    for (const tool of wanted) note(`installing ${tool.package}: it ${tool.why}`)
    await apt(['update'])
    await apt(['install', '--yes', '--no-install-recommends', ...names])
    const still = missing().map((tool) => tool.command)
    if (still.length > 0) throw new Error(`installed, but not found: ${still.join(', ')}`)
  })
}

/**
 * Absolute path of a tool the runner starts, or undefined.
 *
 * @param {string} command
 */
export function findTool(command) {
  const path = findCommand(command)
  const tool = tools.find((tool) => tool.command === command)
  return path !== undefined && (tool?.isUsable?.(path) ?? true) ? path : undefined
}

/**
 * Runs apt-get; its own words appear only when it fails.
 *
 * @param {string[]} args
 * @param {{ cwd?: string }} [options]
 */
export async function apt(args, options = {}) {
  const env = { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' }
  const settings = [`DPkg::Lock::Timeout=${aptLockSeconds}`, 'APT::Sandbox::User=root']
  const words = ['-q', ...settings.flatMap((setting) => ['-o', setting]), ...args]
  const limit = performance.now() + aptLockSeconds * 1000
  for (;;) {
    try {
      return await execFile('apt-get', words, { ...options, env, maxBuffer: 2 ** 26 })
    } catch (error) {
      // Unlike dpkg's, apt-get does not wait for the lock of its package lists.
      const isLocked = error.stderr?.includes('Could not get lock')
      if (!isLocked || performance.now() > limit) throw error
      await sleep(1000)
    }
  }
}

/** @param {string} message of progress, on standard error: standard output is the command's */
export function note(message) {
  process.stderr.write(`kernel: ${message}\n`)
}

function findCommand(command) {
  // /usr/lib/qemu: Debian 12, within qemu-system-common; /usr/libexec: the later package virtiofsd.
  const extra = ['/usr/sbin', '/sbin', '/usr/lib/qemu', '/usr/libexec']
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...extra]
  return folders.map((folder) => join(folder, command)).find(isExecutable)
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Package `busybox` has the same file, linked to libraries that an initramfs would lack. */
function isStatic(path) {
  return !readFileSync(path).subarray(0, 4096).includes('/ld-linux')
}

function virtiofsdPackage() {
  const release = /^VERSION_ID="?(\d+)/m.exec(readOsRelease())?.[1]
  return Number(release) > 12 ? 'virtiofsd' : 'qemu-system-common'
}

function readOsRelease() {
  try {
    return readFileSync('/etc/os-release', 'utf8')
  } catch {
    return ''
  }
}
