import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { readManifest } from '../../scripts/packages.mjs'

/**
 * The folders of all packages that npm put below a project.
 *
 * @param {string} project
 * @returns {string[]}
 */
export function installedPackages(project) {
  const modules = join(project, 'node_modules')
  if (!existsSync(modules)) return []
  const names = readdirSync(modules).filter((name) => !name.startsWith('.'))
  const directories = names.flatMap((name) => {
    const path = join(modules, name)
    return name.startsWith('@') ? readdirSync(path).map((each) => join(path, each)) : [path]
  })
  return directories.flatMap((directory) => [directory, ...installedPackages(directory)])
}

/**
 * What npm would run while installing a package: `binding.gyp` alone makes it compile.
 *
 * @param {string} directory
 * @returns {string[]}
 */
export function installScripts(directory) {
  const { name, scripts = {} } = readManifest(join(directory, 'package.json'))
  const hooks = ['preinstall', 'install', 'postinstall'].filter((hook) => hook in scripts)
  if (existsSync(join(directory, 'binding.gyp'))) hooks.push('binding.gyp')
  return hooks.map((hook) => `${name}: ${hook}`)
}
