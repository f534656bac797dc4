import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * @typedef {object} Need
 * @property {string} package the Debian package
 * @property {string} [command] what it brings, looked for in $PATH; absent: dpkg is asked
 * @property {string} why a verb phrase: "makes userspace devices"
 */

/** Seconds to wait for another program that is installing packages. */
const lockSeconds = 120

/** Where a system calls a package otherwise than Debian does; `undefined`: it has none. */
const systems = [
  {
    ids: ['fedora', 'rhel', 'centos'],
    install: 'dnf install',
    names: {
      iproute2: 'iproute',
      'iputils-ping': 'iputils',
      'busybox-static': 'busybox',
      faketime: 'libfaketime',
    },
  },
  {
    ids: ['arch'],
    install: 'pacman -S',
    names: { 'iputils-ping': 'iputils', 'busybox-static': 'busybox', faketime: 'libfaketime' },
  },
  {
    ids: ['alpine'],
    install: 'apk add',
    names: {
      'iputils-ping': 'iputils',
      'qemu-system-x86': 'qemu-system-x86_64',
      faketime: 'libfaketime',
    },
  },
  {
    ids: ['darwin'],
    install: 'brew install',
    names: {
      'qemu-system-x86': 'qemu',
      iproute2: undefined,
      'iputils-ping': undefined,
      'util-linux': undefined,
      faketime: 'libfaketime',
    },
  },
]

let listsAreFresh = false

/**
 * The path of a command in $PATH.
 *
 * @param {string} name
 * @returns {string | undefined}
 */
export function findCommand(name) {
  for (const directory of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(directory, name)
    if (directory !== '' && isExecutable(path)) return path
  }
  return undefined
}

export function isRoot() {
  return process.getuid?.() === 0
}

/**
 * Installs what is missing, on Debian and its kin as root; elsewhere fails with what to install.
 *
 * @param {Need[]} needs
 */
export async function ensurePackages(needs) {
  const missing = needs.filter((need) => !isThere(need))
  if (missing.length === 0) return
  if (!existsSync('/etc/debian_version') || !findCommand('apt-get') || !isRoot()) {
    throw new Error(installWords(missing))
  }
  for (const need of missing) console.log(`machine: installing ${need.package}: it ${need.why}`)
  if (!listsAreFresh) await apt(['update'])
  listsAreFresh = true
  const packages = missing.map((need) => need.package)
  await apt(['install', '--yes', '--no-install-recommends', ...packages])
  const absent = missing.filter((need) => !isThere(need))
  if (absent.length === 0) return
  throw new Error(`apt-get installed ${names(absent)}, yet nothing that they bring is there`)
}

/** @param {Need} need */
function isThere(need) {
  if (need.command) return findCommand(need.command) !== undefined
  if (!findCommand('dpkg-query')) return false
  const query = spawnSync('dpkg-query', ['--status', need.package])
  return query.status === 0 && query.stdout.includes('Status: install ok installed')
}

/** @param {string[]} args */
async function apt(args) {
  const options = ['-q', '-o', `DPkg::Lock::Timeout=${lockSeconds}`]
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const deadline = Date.now() + lockSeconds * 1000
  for (;;) {
    const { status, stdout, stderr } = spawnSync('apt-get', [...options, ...args], { env })
    if (status === 0) return
    const output = `${stdout}${stderr}`
    // DPkg::Lock::Timeout waits for dpkg's locks alone; the lock on the package lists is ours to await.
    const isLocked = output.includes('Could not get lock /var/lib/apt/lists/lock')
    if (!isLocked || Date.now() > deadline) {
      throw new Error(`apt-get ${args.join(' ')} failed:\n${output.trimEnd()}`)
    }
    await sleep(1000)
  }
}

/** @param {Need[]} missing */
function installWords(missing) {
  const reasons = missing.map((need) => `  ${need.package}: it ${need.why}`)
  const { install, names: local } = thisSystem()
  const packages = missing.flatMap((need) => {
    const name = need.package in local ? local[need.package] : need.package
    return name ? [name] : []
  })
  const advice = packages.length > 0 ? [`Install by: ${install} ${packages.join(' ')}`] : []
  if (packages.length < missing.length) advice.push('What has no package here needs Linux.')
  return ['Missing on this machine (by the names of Debian):', ...reasons, ...advice].join('\n')
}

/** @returns {{ install: string, names: Record<string, string | undefined> }} */
function thisSystem() {
  const ids = process.platform === 'linux' ? linuxIds() : [process.platform]
  const known = systems.find((system) => system.ids.some((id) => ids.includes(id)))
  return known ?? { install: 'apt-get install', names: {} }
}

/** What /etc/os-release says that this system is and descends from. */
function linuxIds() {
  if (!existsSync('/etc/os-release')) return []
  const release = readFileSync('/etc/os-release', 'utf8')
  return [...release.matchAll(/^(?:ID|ID_LIKE)=(.*)$/gm)].flatMap(([, value = '']) =>
    value.replaceAll(/["']/g, '').split(' '),
  )
}

/** @param {Need[]} needs */
function names(needs) {
  return needs.map((need) => need.package).join(', ')
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
