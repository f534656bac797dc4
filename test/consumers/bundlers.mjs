import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runWell } from '../../scripts/command.mjs'
import { fetchBinary } from './runtimes.mjs'

/** What is installed to try the recipes of docs/bundling.md. */
export const tools = {
  '@rollup/plugin-commonjs': '29.0.3',
  '@rollup/plugin-node-resolve': '16.0.3',
  '@vercel/ncc': '0.45.0',
  esbuild: '0.28.2',
  'node-loader': '2.1.0',
  postject: '1.0.0-alpha.6',
  rollup: '4.68.8',
  webpack: '5.113.0',
}

/**
 * @typedef {object} Place
 * @property {string} project has the packages and the program, `main.mjs`
 * @property {string} tools has the bundlers in its node_modules
 * @property {string} out an empty folder, which is all that the bundle has when it runs
 */

/**
 * @typedef {object} Recipe
 * @property {string} name
 * @property {boolean} beside ffi-rs is shipped in a node_modules beside what is made
 * @property {(place: Place) => Promise<string[]>} make the words that run it, in `out`
 */

/** @type {Recipe[]} */
export const recipes = [
  { name: 'esbuild, an ES module', beside: true, make: (place) => esbuild(place, 'esm', LEFT_OUT) },
  { name: 'esbuild, CommonJS', beside: true, make: (place) => esbuild(place, 'cjs', LEFT_OUT) },
  {
    name: 'esbuild, CommonJS with the binary copied',
    beside: false,
    make: (place) => esbuild(place, 'cjs', '--loader:.node=copy'),
  },
  {
    name: 'an ES module of esbuild that has it all',
    beside: true,
    make: (place) => esbuild(place, 'esm', '--loader:.node=copy'),
  },
  { name: 'rollup', beside: true, make: rollup },
  { name: 'ncc', beside: true, make: ncc },
  {
    name: 'webpack',
    beside: true,
    make: (place) => webpack(place, { externals: { 'ffi-rs': 'commonjs ffi-rs' } }),
  },
  {
    name: 'webpack with node-loader',
    beside: false,
    make: (place) =>
      webpack(place, { module: { rules: [{ test: 'NODE', loader: loaderOf(place) }] } }),
  },
  { name: "Node's single executable", beside: true, make: singleExecutable },
  { name: 'bun build --compile', beside: false, make: bun },
]

const LEFT_OUT = '--external:ffi-rs'

/**
 * @param {Place} place
 * @param {'esm' | 'cjs'} format
 * @param {string} addon what becomes of ffi-rs
 */
export async function esbuild({ project, tools, out }, format, addon) {
  const file = format === 'esm' ? 'main.mjs' : 'main.cjs'
  const bundle = ['main.mjs', '--bundle', '--platform=node', '--log-level=error']
  const args = [...bundle, `--format=${format}`, addon, `--outfile=${join(out, file)}`]
  await runWell(join(tools, 'node_modules/.bin/esbuild'), args, { cwd: project })
  return [process.execPath, file]
}

/** @param {Place} place */
async function rollup({ project, tools, out }) {
  const plugins = ['node-resolve', 'commonjs'].flatMap((name) => [
    '--plugin',
    join(tools, 'node_modules/@rollup', `plugin-${name}`, 'dist/cjs/index.js'),
  ])
  const bundle = ['main.mjs', '--external', 'ffi-rs', '--inlineDynamicImports', '--silent']
  const args = [...bundle, ...plugins, '--file', join(out, 'main.mjs')]
  await runWell(join(tools, 'node_modules/.bin/rollup'), args, { cwd: project, seconds: 240 })
  return [process.execPath, 'main.mjs']
}

/** @param {Place} place */
async function ncc({ project, tools, out }) {
  const args = ['build', 'main.mjs', '--external', 'ffi-rs', '--out', out]
  await runWell(join(tools, 'node_modules/.bin/ncc'), args, { cwd: project, seconds: 240 })
  return [process.execPath, 'index.mjs']
}

/**
 * @param {Place} place
 * @param {object} more of its config
 */
async function webpack({ project, tools, out }, more) {
  const output = { path: out, filename: 'main.cjs' }
  const entry = join(project, 'main.mjs')
  const optimization = { minimize: false }
  const config = { mode: 'production', target: 'node20', entry, output, optimization, ...more }
  const source = `
    const webpack = require(${JSON.stringify(join(tools, 'node_modules/webpack'))})
    const config = ${JSON.stringify(config).replace('"NODE"', '/\\.node$/')}
    webpack(config, (error, stats) => {
      if (error || stats.hasErrors()) throw error ?? new Error(stats.toString('errors-only'))
    })`
  await runWell(process.execPath, ['-e', source], { cwd: project, seconds: 240 })
  return [process.execPath, 'main.cjs']
}

/** @param {Place} place */
const loaderOf = ({ tools }) => join(tools, 'node_modules/node-loader')

/** @param {Place} place */
async function singleExecutable(place) {
  const { tools, out } = place
  const made = join(out, 'made')
  mkdirSync(made)
  await esbuild({ ...place, out: made }, 'cjs', LEFT_OUT)
  const sea = { main: 'main.cjs', output: 'main.blob', disableExperimentalSEAWarning: true }
  writeFileSync(join(made, 'sea.json'), JSON.stringify(sea))
  await runWell(process.execPath, ['--experimental-sea-config', 'sea.json'], { cwd: made })
  cpSync(process.execPath, join(out, 'app'))
  const fuse = ['--sentinel-fuse', 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2']
  const inject = [join(out, 'app'), 'NODE_SEA_BLOB', join(made, 'main.blob'), ...fuse]
  await runWell(join(tools, 'node_modules/.bin/postject'), inject, { cwd: out, seconds: 240 })
  return ['./app']
}

/** @param {Place} place */
async function bun({ project, out }) {
  const name = `@oven/bun-linux-${process.arch === 'arm64' ? 'aarch64' : 'x64'}`
  const program = await fetchBinary(name, '1.4.5', 'bin/bun')
  const args = ['build', '--compile', 'main.mjs', '--outfile', join(out, 'app')]
  await runWell(program, args, { cwd: project, seconds: 240 })
  return ['./app']
}
