import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { cache } from '../../scripts/workspace.mjs'
import { makeProject } from './project.mjs'

/**
 * @typedef {object} Runtime
 * @property {string} name
 * @property {() => Promise<string[]>} fetch from the npm registry, once; the words before a program's path
 * @property {string} version how the answer to `--version` begins
 * @property {string[]} lacks `handshakes`: what they are made of, so that the library refuses them with the reason; `links`: a
 *   program that is started by a link knows neither that name nor what it imports
 */

/** The Node that runs this. @type {Runtime} */
export const thisNode = {
  name: `Node ${process.versions.node}`,
  fetch: async () => [process.execPath],
  version: process.version,
  lacks: [],
}

/**
 * The oldest Node that is supported and the newest of each line after it, and the others that run its programs.
 *
 * @type {Runtime[]}
 */
export const runtimes = [
  ...['20.19.0', '20.20.2', '22.23.5', '24.22.3', '26.12.1'].map(nodeOf),
  bunOf('1.4.5'),
  denoOf('2.9.6'),
]

/**
 * @param {string} version
 * @returns {Runtime}
 */
function nodeOf(version) {
  const name = `node-${process.platform}-${process.arch}`
  const fetch = async () => [await fetchBinary(name, version, 'bin/node')]
  return { name: `Node ${version}`, fetch, version: `v${version}`, lacks: [] }
}

/**
 * @param {string} version
 * @returns {Runtime}
 */
function bunOf(version) {
  const name = `@oven/bun-linux-${process.arch === 'arm64' ? 'aarch64' : 'x64'}`
  const fetch = async () => [await fetchBinary(name, version, 'bin/bun')]
  return { name: `Bun ${version}`, fetch, version, lacks: ['handshakes', 'links'] }
}

/**
 * @param {string} version
 * @returns {Runtime}
 */
function denoOf(version) {
  const name = `@deno/linux-${process.arch}-glibc`
  const fetch = async () => [await fetchBinary(name, version, 'deno'), 'run', '--allow-all']
  return { name: `Deno ${version}`, fetch, version: `deno ${version}`, lacks: ['links'] }
}

/**
 * The packages `node`, `bun` and `deno` only pick one of these by an install script.
 *
 * @param {string} name
 * @param {string} version
 * @param {string} path within the package
 */
export async function fetchBinary(name, version, path) {
  const directory = join(cache, 'runtimes', `${name.replace('/', '-')}-${version}`)
  const binary = join(directory, 'node_modules', name, path)
  if (!existsSync(binary)) await makeProject(directory, { [name]: version }, {}, ['--force'])
  return binary
}
