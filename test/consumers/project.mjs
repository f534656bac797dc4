import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runWell } from '../../scripts/command.mjs'

/** @typedef {import('../../scripts/packages.mjs').Packed} Packed */

/**
 * Makes an empty project and has npm install what it depends on.
 *
 * @param {string} directory
 * @param {Record<string, string>} dependencies
 * @param {Record<string, string>} [overrides]
 * @param {string[]} [words] for npm, such as `--force` for what is made for another system
 */
export async function makeProject(directory, dependencies, overrides = {}, words = []) {
  mkdirSync(directory, { recursive: true })
  const manifest = { name: 'consumer', private: true, dependencies, overrides }
  writeFileSync(join(directory, 'package.json'), JSON.stringify(manifest, undefined, 2))
  await runWell('npm', ['install', '--no-audit', '--no-fund', ...words], {
    cwd: directory,
    seconds: 300,
  })
}

/**
 * Packed packages as the dependencies of a project.
 *
 * @param {Packed[]} packages
 */
export function fromTarballs(packages) {
  return Object.fromEntries(packages.map(({ name, tarball }) => [name, `file:${tarball}`]))
}

/**
 * A project that depends on the facade alone, and one that names every package.
 *
 * @param {Packed[]} packed
 * @param {{ facade: string, everything: string }} directories
 */
export async function makeProjects(packed, { facade, everything }) {
  const isFacade = (/** @type {Packed} */ { name }) => name === 'wgctrl'
  const others = packed.filter((each) => !isFacade(each))
  await makeProject(facade, fromTarballs(packed.filter(isFacade)), fromTarballs(others))
  await makeProject(everything, fromTarballs(packed))
}

/**
 * Writes a program into a project, runs it and returns what it printed; it has to end well.
 *
 * @param {string} directory
 * @param {string} file
 * @param {string} source
 * @param {{ runtime: string[], wrap?: (command: string[]) => string[] }} how
 */
export async function runProgram(
  directory,
  file,
  source,
  { runtime, wrap = (command) => command },
) {
  writeFileSync(join(directory, file), source)
  const [program = '', ...args] = wrap([...runtime, file])
  return await runWell(program, args, { cwd: directory, seconds: 120 })
}
