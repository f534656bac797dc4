import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runWell } from '../../scripts/command.mjs'
import { root } from '../../scripts/packages.mjs'

/**
 * Whatever a user can import from packages.
 *
 * @param {import('../../scripts/packages.mjs').Package[]} packages
 * @returns {string[]}
 */
export function entryPoints(packages) {
  return packages.flatMap(({ name, manifest }) =>
    Object.keys(manifest.exports)
      .filter((path) => path !== './package.json')
      .map((path) => `${name}${path.slice(1)}`),
  )
}

/**
 * The oldest TypeScript that reads the declarations, and the one of the workspace: packages of its node_modules.
 *
 * @type {['typescript' | 'typescript-floor', 'node16' | 'bundler'][]}
 */
export const compilers = [
  ['typescript-floor', 'node16'],
  ['typescript', 'bundler'],
]

/**
 * Compiles imports of every entry point and an example, declarations included, in a strict project.
 *
 * @param {string} project
 * @param {{ compiler: string, moduleResolution: 'node16' | 'bundler' }} how
 * @param {string[]} entries
 * @param {string} example
 */
export async function checkTypes(project, { compiler, moduleResolution }, entries, example) {
  const imports = entries.map((name, index) => `import * as entry${index} from '${name}'`)
  const uses = entries.map((_, index) => `export const of${index}: object = entry${index}`)
  const source = [...imports, ...uses, ''].join('\n')
  writeFileSync(join(project, 'entries.mts'), source)
  writeFileSync(join(project, 'entries.cts'), source)
  writeFileSync(join(project, 'example.mts'), example)
  const config = join(project, `tsconfig.${moduleResolution}.json`)
  const compilerOptions = {
    target: 'ES2022',
    module: moduleResolution === 'bundler' ? 'ESNext' : 'Node16',
    moduleResolution,
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
    typeRoots: [join(root, 'node_modules', '@types')],
    types: ['node'],
  }
  const files = ['entries.mts', 'entries.cts', 'example.mts']
  writeFileSync(config, JSON.stringify({ compilerOptions, files }))
  const tsc = join(root, 'node_modules', compiler, 'bin/tsc')
  await runWell(process.execPath, [tsc, '--project', config], { cwd: project })
}
