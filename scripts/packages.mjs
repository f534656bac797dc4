import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runWell } from './command.mjs'

/** The folder of the workspace. */
export const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * @typedef {object} Package
 * @property {string} name
 * @property {string} directory
 * @property {Record<string, any>} manifest
 * @property {string[]} needs names of the packages beside it that it depends on
 */

/** @typedef {Package & { tarball: string }} Packed */

/** @param {string} path */
export function readManifest(path) {
  return JSON.parse(readFileSync(path, 'utf8'))
}

/**
 * The packages that are published, each after those that it depends on.
 *
 * @returns {Package[]}
 */
export function readPackages() {
  const directories = readdirSync(join(root, 'packages')).map((name) =>
    join(root, 'packages', name),
  )
  const found = directories
    .filter((directory) => existsSync(join(directory, 'package.json')))
    .map((directory) => {
      const manifest = readManifest(join(directory, 'package.json'))
      return { name: manifest.name, directory, manifest }
    })
    .filter(({ manifest }) => !manifest.private)
  const named = new Set(found.map(({ name }) => name))
  return inOrder(
    found.map((each) => ({
      ...each,
      needs: dependencies(each.manifest).filter((name) => named.has(name)),
    })),
  )
}

/** @param {Record<string, any>} manifest */
function dependencies(manifest) {
  const { dependencies, devDependencies, peerDependencies, optionalDependencies } = manifest
  return Object.keys({
    ...dependencies,
    ...devDependencies,
    ...peerDependencies,
    ...optionalDependencies,
  })
}

/** @param {Package[]} packages */
function inOrder(packages) {
  /** @type {Package[]} */
  const ordered = []
  const rest = new Set(packages)
  while (rest.size > 0) {
    const ready = [...rest].filter(({ needs }) =>
      needs.every((name) => ordered.some((each) => each.name === name)),
    )
    if (ready.length === 0) {
      throw new Error(
        `packages depend on each other: ${[...rest].map(({ name }) => name).join(', ')}`,
      )
    }
    for (const each of ready) rest.delete(each)
    ordered.push(...ready)
  }
  return ordered
}

/** @type {Promise<string> | undefined} */
let foundPnpm

/**
 * The path of the pnpm that package.json names, whatever is installed. npx, which finds it, takes a hundred times as
 * long to start as pnpm does: it is asked once.
 *
 * @returns {Promise<string>}
 */
export function pnpm() {
  foundPnpm ??= findPnpm()
  return foundPnpm
}

async function findPnpm() {
  const { packageManager } = readManifest(join(root, 'package.json'))
  const args = ['--yes', '--package', packageManager, '--call', 'command -v pnpm']
  const lines = (await runWell('npx', args, { cwd: root })).split('\n')
  // npm may have something to say as well.
  const path = lines.find((line) => isAbsolute(line) && existsSync(line))
  if (path === undefined) throw new Error(`npx finds no ${packageManager}:\n${lines.join('\n')}`)
  return path
}

/**
 * Packs every published package, as `pnpm publish` would.
 *
 * @param {string} destination an empty folder
 * @returns {Promise<Packed[]>}
 */
export async function packPackages(destination) {
  const packages = readPackages()
  // One pnpm for all: to begin takes it longer than to pack.
  const chosen = packages.flatMap(({ name }) => ['--filter', name])
  const args = ['--recursive', ...chosen, 'pack', '--pack-destination', destination]
  await runWell(await pnpm(), args, { cwd: root })
  return packages.map((each) => {
    const { name, version } = each.manifest
    const file = `${name.replace('@', '').replace('/', '-')}-${version}.tgz`
    return { ...each, tarball: join(destination, file) }
  })
}
