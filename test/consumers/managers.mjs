import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runWell } from '../../scripts/command.mjs'
import { pnpm as ownPnpm } from '../../scripts/packages.mjs'
import { fromTarballs } from './project.mjs'

/** @typedef {import('../../scripts/packages.mjs').Packed} Packed */

/** What is installed to try them. */
export const managerTools = { '@yarnpkg/cli-dist': '4.18.1' }

/**
 * @typedef {object} Manager
 * @property {string} name
 * @property {(place: { out: string, tools: string, packed: Packed[] }) => Promise<string[]>} install the packages into `out`, which has
 *   the program; the words that run it
 */

/** @type {Manager[]} */
export const managers = [
  { name: 'pnpm', install: pnpm },
  { name: "Yarn with Plug'n'Play", install: yarn },
]

/** What the program imports by name; all else comes with it. */
const NAMED = ['wgctrl', '@wgctrl/netlink']

/** @type {Manager['install']} */
async function pnpm({ out, packed }) {
  writeManifest(out, packed, {})
  // JSON is YAML.
  writeFileSync(
    join(out, 'pnpm-workspace.yaml'),
    JSON.stringify({ overrides: fromTarballs(packed) }),
  )
  const args = ['install', '--no-frozen-lockfile']
  await runWell(await ownPnpm(), args, { cwd: out, seconds: 300 })
  return [process.execPath, 'main.mjs']
}

/** @type {Manager['install']} */
async function yarn({ out, tools, packed }) {
  writeManifest(out, packed, { resolutions: fromTarballs(packed) })
  // Without it Yarn looks for a project in the folders above.
  writeFileSync(join(out, 'yarn.lock'), '')
  const registry = await runWell('npm', ['config', 'get', 'registry'], { cwd: out })
  const settings = {
    nodeLinker: 'pnp',
    enableTelemetry: false,
    enableImmutableInstalls: false,
    npmRegistryServer: registry.trim(),
  }
  writeFileSync(join(out, '.yarnrc.yml'), JSON.stringify(settings))
  const program = join(tools, 'node_modules/@yarnpkg/cli-dist/bin/yarn.js')
  await runWell(process.execPath, [program, 'install'], { cwd: out, seconds: 300 })
  return [process.execPath, program, 'node', 'main.mjs']
}

/**
 * @param {string} out
 * @param {Packed[]} packed
 * @param {object} more
 */
function writeManifest(out, packed, more) {
  const dependencies = fromTarballs(packed.filter(({ name }) => NAMED.includes(name)))
  const manifest = { name: 'consumer', private: true, dependencies, ...more }
  writeFileSync(join(out, 'package.json'), JSON.stringify(manifest, undefined, 2))
}
