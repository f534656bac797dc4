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
 * Compiles imports of every entry point and an example, declarations included, in a strict project.
 *
 * @param {string} project
 * @param {'node16' | 'bundler'} moduleResolution
 * @param {string[]} entries
 * @param {string} example
 */
export async function checkTypes(project, moduleResolution, entries, example) {
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
  await runWell(join(root, 'node_modules/.bin/tsc'), ['--project', config], { cwd: project })
}
