import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { cache } from '../../scripts/workspace.mjs'
import { makeProject } from './project.mjs'

/** The oldest release that is supported, and the newest of each line after it. */
export const supported = ['20.19', '22', '24', '26']

/**
 * Fetches a Node from the npm registry, once, and returns the path of its binary.
 *
 * @param {string} version
 */
export async function fetchNode(version) {
  const directory = join(cache, 'node', version)
  // The package `node` only picks one of these by an install script.
  const name = `node-${process.platform}-${process.arch}`
  const path = join(directory, 'node_modules', name, 'bin', 'node')
  if (existsSync(path)) return path
  await makeProject(directory, { [name]: version })
  return path
}
