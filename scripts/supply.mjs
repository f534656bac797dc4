import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { runWell } from './command.mjs'
import { pnpm, readManifest, readPackages, root } from './packages.mjs'

/** What npm runs by itself when it installs a package. */
const INSTALL_SCRIPTS = ['preinstall', 'install', 'postinstall', 'prepare']

/** Licences that ask for no more than their notice to be kept, and those of tools that stay tools. */
const licences = new Set([
  ...[
    'MIT',
    'ISC',
    'BSD-2-Clause',
    'BSD-3-Clause',
    'Apache-2.0',
    'BlueOak-1.0.0',
    '0BSD',
    'Unlicense',
  ],
  ...['Python-2.0', 'MPL-2.0'],
])

/** Packages whose manifest points to a file: what is in it was read. */
const read = new Map([['spawndamnit', 'MIT']])

/**
 * @typedef {object} Installed
 * @property {string} name
 * @property {string} directory
 * @property {Record<string, any>} manifest
 */

/**
 * All that comes along when the published packages are installed: their dependencies, and those of these,
 * but not optional peers, which nobody gets who does not ask.
 *
 * @param {Record<string, any>[]} manifests of the packed packages
 * @returns {Installed[]}
 */
export function installedWith(manifests) {
  const directories = new Map(readPackages().map(({ name, directory }) => [name, directory]))
  /** @type {Map<string, Installed>} */
  const found = new Map()
  for (const manifest of manifests) {
    const directory = directories.get(manifest.name) ?? ''
    found.set(directory, { name: manifest.name, directory, manifest })
    walk(manifest, directory, found)
  }
  return [...found.values()]
}

/**
 * @param {Record<string, any>} manifest
 * @param {string} directory
 * @param {Map<string, Installed>} found
 */
function walk({ dependencies = {}, optionalDependencies = {} }, directory, found) {
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
    const place = placeOf(name, directory)
    // What is for another system is not there.
    if (place === undefined && name in optionalDependencies) continue
    if (place === undefined) throw new Error(`${name} is not installed for ${directory}`)
    if (found.has(place)) continue
    const manifest = readManifest(join(place, 'package.json'))
    found.set(place, { name, directory: place, manifest })
    walk(manifest, place, found)
  }
}

/**
 * Where Node finds a package from a folder.
 *
 * @param {string} name
 * @param {string} from
 * @returns {string | undefined}
 */
function placeOf(name, from) {
  for (let at = from; ; at = dirname(at)) {
    const place = join(at, 'node_modules', name)
    if (existsSync(join(place, 'package.json'))) return realpathSync(place)
    if (at === dirname(at)) return undefined
  }
}

/**
 * What npm would run at install. A binding.gyp alone has npm compile.
 *
 * @param {Installed} installed
 * @returns {string[]}
 */
export function installScripts({ name, directory, manifest }) {
  const named = INSTALL_SCRIPTS.filter((script) => script in (manifest.scripts ?? {}))
  // npm runs prepare of folders and git repositories alone, not of what comes from a registry.
  const run = named.filter((script) => script !== 'prepare')
  const compiled = existsSync(join(directory, 'binding.gyp')) ? ['binding.gyp'] : []
  return [...run, ...compiled].map((script) => `${name}: ${script}`)
}

/** The lines of the lockfile that name a package and not its hash. */
export function withoutIntegrity() {
  const text = readFileSync(join(root, 'pnpm-lock.yaml'), 'utf8')
  const packages = text.slice(text.indexOf('\npackages:\n'), text.indexOf('\nsnapshots:\n'))
  const entries = packages.split(/\n(?= {2}\S)/).slice(1)
  if (entries.length === 0) throw new Error('pnpm-lock.yaml lists no packages')
  return entries
    .filter((entry) => !/\n {4}resolution: \{integrity: sha512-[\w+/]{86}==\}\n/.test(`${entry}\n`))
    .map((entry) => entry.split('\n')[0]?.trim())
}

/**
 * The licences of all that is installed, development included, that the list above does not have.
 *
 * @returns {Promise<string[]>}
 */
export async function otherLicences() {
  const output = await runWell(await pnpm(), ['-r', 'licenses', 'list', '--json'], { cwd: root })
  /** @type {Record<string, { name: string }[]>} */
  const byLicence = JSON.parse(output.slice(output.indexOf('{')))
  if (Object.keys(byLicence).length === 0) throw new Error('pnpm lists no licences')
  return Object.entries(byLicence)
    .flatMap(([licence, packages]) => packages.map(({ name }) => [name, read.get(name) ?? licence]))
    .filter(([, licence]) => !isAllowed(licence))
    .map(([name, licence]) => `${name}: ${licence}`)
}

/** @param {string | undefined} licence an SPDX expression: one licence, or a choice of several */
function isAllowed(licence = '') {
  return licence
    .replaceAll(/[()]/g, '')
    .split(' OR ')
    .some((each) => licences.has(each))
}
