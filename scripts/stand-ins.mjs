import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  readdirSync,
  realpathSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { ensurePackages, findCommand } from './machine.mjs'
import { root } from './packages.mjs'

/** @typedef {import('./namespace.mjs').Mount} Mount */

/**
 * @typedef {object} StandIns
 * @property {Mount[]} mounts the programs, in the places of the machine's own
 * @property {string[]} packages what they are of, with versions
 */

const DAEMON = { 'wireguard-go': ['wireguard-go'] }

const TOOLS = { 'wireguard-tools': ['wg', 'wg-quick'], iproute2: ['ip', 'ss', 'tc', 'bridge'] }

/** Packages of which a report says the version: by it tests see other things. */
const TOLD = [...Object.keys(DAEMON), ...Object.keys(TOOLS)]

/**
 * What options choose: the machine's own programs, in the version that Debian 12 has, or those of Debian sid.
 *
 * @type {Record<'daemon' | 'tools', { own: string, ownVersion: RegExp, programs: Record<string, string[]>, tiers: string[] }>}
 */
const choices = {
  daemon: {
    own: '2022',
    ownVersion: /^0\.0\.2022/,
    programs: DAEMON,
    tiers: ['contract', 'interop', 'events', 'lifecycle'],
  },
  tools: {
    own: '2021',
    ownVersion: /^1\.0\.2021/,
    programs: TOOLS,
    tiers: ['interop', 'cli', 'lifecycle'],
  },
}

/**
 * The tiers that an option is about.
 *
 * @param {'daemon' | 'tools'} option
 */
export const tiersOf = (option) => choices[option].tiers

/**
 * Refuses what is no version of these.
 *
 * @param {'daemon' | 'tools'} option
 * @param {string | undefined} wanted
 */
export function checkVersion(option, wanted) {
  const { own } = choices[option]
  if (wanted === undefined || wanted === own || wanted === 'newest') return
  throw new Error(`--${option}: ${own} or newest, not ${wanted}`)
}

/**
 * The programs that are asked for, made ready to stand in the places of the machine's own.
 *
 * @param {{ daemon?: string | undefined, tools?: string | undefined }} asked
 * @param {string} folder for their files
 * @returns {Promise<StandIns>}
 */
export async function standIns(asked, folder) {
  /** @type {StandIns} */
  const all = { mounts: [], packages: [] }
  for (const option of /** @type {const} */ (['daemon', 'tools'])) {
    const { own, ownVersion, programs } = choices[option]
    const [first = ''] = Object.keys(programs)
    if (asked[option] === 'newest') await addNewest(all, programs, folder)
    if (asked[option] === own && !ownVersion.test(versionOf(first))) {
      throw new Error(`--${option} ${own}: this machine has ${first} ${versionOf(first)}`)
    }
  }
  return all
}

/**
 * Of Debian sid.
 *
 * @param {StandIns} all
 * @param {Record<string, string[]>} programs by package
 * @param {string} folder
 */
async function addNewest(all, programs, folder) {
  const names = Object.entries(programs)
  await ensurePackages([
    { package: 'debootstrap', command: 'debootstrap', why: 'makes a root of Debian sid' },
    // Without the machine's own there is no place for another, and a tier would install it over ours.
    ...names.map(([name, [command = '']]) => ({ package: name, command, why: 'gives its place' })),
  ])
  // Loaded where it is needed: tests are not held to the types of these scripts.
  const { sidRoot } = await import(join(root, 'test/corpus/sid.mjs'))
  const sid = await sidRoot()
  for (const [name, commands] of names) {
    all.packages.push(`${name} ${versionOf(name, sid)} (Debian sid)`)
    all.mounts.push(...commands.flatMap((command) => mountOf(command, sid, folder)))
  }
}

/**
 * The packages that a tier runs beside, with their versions.
 *
 * @param {import('./machine.mjs').Need[]} needs
 * @param {StandIns} standIns
 */
export function packagesBeside(needs, { packages }) {
  return TOLD.filter((name) => needs.some((need) => need.package === name)).map(
    (name) => packages.find((each) => each.startsWith(`${name} `)) ?? `${name} ${versionOf(name)}`,
  )
}

/**
 * @param {string} command
 * @param {string} system the root directory of the system that it is of
 * @param {string} folder
 * @returns {Mount[]}
 */
function mountOf(command, system, folder) {
  const place = findCommand(command)
  const program = ['usr/bin', 'usr/sbin']
    .map((each) => join(system, each, command))
    .find(existsSync)
  if (place === undefined || program === undefined) return []
  const file = join(folder, command)
  // A script finds its own programs here. wireguard-go is known by its command line, and wants no newer libc.
  if (command === 'wg-quick' || command === 'wireguard-go') copyFileSync(program, file)
  else writeFileSync(file, withLibraries(system, command, program))
  chmodSync(file, 0o755)
  return [{ from: file, to: realpathSync(place) }]
}

/**
 * Starts a program with the libraries of its own system, which may be newer than those here.
 *
 * @param {string} system
 * @param {string} command
 * @param {string} program
 */
function withLibraries(system, command, program) {
  const lib = join(system, 'usr/lib')
  const libraries = readdirSync(lib)
    .map((name) => join(lib, name))
    .find((each) => existsSync(join(each, 'libc.so.6')))
  if (libraries === undefined) throw new Error(`no libc in ${lib}`)
  const linker = readdirSync(libraries).find((name) => /^ld-linux.*\.so\.\d+$/.test(name))
  const words = [join(libraries, linker ?? ''), '--argv0', command, '--library-path', libraries]
  return `#!/bin/sh\nexec ${[...words, program].map((word) => `'${word}'`).join(' ')} "$@"\n`
}

/**
 * @param {string} name
 * @param {string} [system] absent: this machine
 */
function versionOf(name, system = '/') {
  const admin = `--admindir=${join(system, 'var/lib/dpkg')}`
  const { stdout } = spawnSync('dpkg-query', [admin, '--show', name], { encoding: 'utf8' })
  return stdout?.trim().split('\t')[1] ?? 'of unknown version'
}
