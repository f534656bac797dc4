// Measures both backends side by side on real devices: node bench.mjs [--quick] [kernel] [userspace], or at native
// speed: node bench.mjs native [--quick] [--against COMMIT] [--check], or a gateway to which all clients come at once:
// node bench.mjs storm [kernel] [--quick] [--against COMMIT], or lists of routes: node bench.mjs routes [--quick]
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { run, runWell } from '../scripts/command.mjs'
import { ensurePackages, isRoot } from '../scripts/machine.mjs'
import { isolated, isolation } from '../scripts/namespace.mjs'
import { root } from '../scripts/packages.mjs'
import { prepareWorkspace } from '../scripts/workspace.mjs'
import { runInKernel } from '../test/kernel/run.mjs'
import { benchNative } from './native/native.mjs'
import { plot } from './plot.mjs'
import { report } from './report.mjs'
import { benchRoutes, routeNeeds } from './routes/routes.mjs'
import { benchStorm } from './storm/storm.mjs'

/** The full run takes a quarter of an hour; a machine that others use as well, longer. */
const seconds = 3 * 60 * 60

const needs = [
  ...isolation,
  { package: 'wireguard-go', command: 'wireguard-go', why: 'makes userspace devices' },
  { package: 'wireguard-tools', command: 'wg', why: 'is what the library is compared with' },
]
/** What stands in the kernel's place is C. */
const compiler = [
  { package: 'gcc', command: 'gcc', why: 'compiles what stands in the kernel’s place' },
  { package: 'libc6-dev', why: 'has the headers that it is compiled with' },
]
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean' },
    'no-build': { type: 'boolean' },
    against: { type: 'string' },
    check: { type: 'boolean' },
    only: { type: 'string' },
  },
})
const isNative = positionals.includes('native')
const kinds = positionals.length > 0 ? positionals : ['userspace', 'kernel']
if (!isRoot()) throw new Error('to make devices takes root')
const ofRoutes = positionals.includes('routes')
await ensurePackages([...needs, ...(isNative ? compiler : []), ...(ofRoutes ? routeNeeds : [])])
if (!values['no-build']) await prepareWorkspace()
if (positionals.includes('storm')) {
  const isMet = await benchStorm({ ...values, kernel: positionals.includes('kernel') })
  process.exit(isMet ? 0 : 1)
}
if (ofRoutes) process.exit((await benchRoutes(values)) ? 0 : 1)
await bundleCodecs()
if (isNative) {
  await benchNative(values)
  process.exit()
}
const folder = mkdtempSync(join(tmpdir(), 'wgctrl-bench-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
const results = []
for (const kind of kinds) results.push(await measure(kind))
const words = report(results)
console.log(words)
if (!values.quick) keep()

/** @param {string} kind */
async function measure(kind) {
  const output = join(folder, `${kind}.json`)
  const [started, where] = [performance.now(), kind === 'kernel' ? inKernel : onHost]
  const [before = 0] = loadavg()
  const machine = await where(output)
  const [after = 0] = loadavg()
  const minutes = ((performance.now() - started) / 60_000).toFixed(1)
  console.log(`${kind}: measured in ${minutes} minutes`)
  return { ...JSON.parse(readFileSync(output, 'utf8')), machine, load: [before, after] }
}

/** @param {string} output */
async function onHost(output) {
  const [command = '', ...args] = isolated([process.execPath, ...program('userspace', output)])
  const { status } = await run(command, args, { cwd: root, seconds, shown: true })
  if (status !== 0) throw new Error(`the measurement of wireguard-go ended with ${status}`)
  return `wireguard-go on this host, Node ${process.version}`
}

/** @param {string} output */
async function inKernel(output) {
  const { status, kernel, release } = await runInKernel({
    kernel: 'auto',
    command: process.execPath,
    args: program('kernel', join(folder, 'kernel.json')),
    cwd: root,
    results: folder,
    timeout: seconds,
    memory: '4G',
  })
  if (status !== 0) throw new Error(`the measurement of the kernel ended with ${status}: ${output}`)
  return kernel === 'host' ? `Linux ${release}` : `Linux ${release} in an emulated machine`
}

/**
 * @param {string} kind
 * @param {string} output
 */
function program(kind, output) {
  // Without the flag a garbage collection throws away code that did not run for a while.
  const flags = ['--expose-gc', '--no-flush-bytecode']
  const file = join(root, 'bench/measure.mjs')
  return [...flags, file, kind, output, ...(values.quick ? ['--quick'] : [])]
}

async function bundleCodecs() {
  const args = ['bench/codecs.ts', '--no-config', '--format', 'esm', '--no-splitting', '--silent']
  const target = join(root, 'node_modules/.cache/wgctrl/bench')
  await runWell(join(root, 'node_modules/.bin/tsup'), [...args, '--out-dir', target], { cwd: root })
}

/** The report and the plot are of the last run of each backend. */
function keep() {
  const target = join(root, 'bench/results')
  mkdirSync(target, { recursive: true })
  const host = { processors: cpus().length, model: cpus()[0]?.model, node: process.version }
  for (const result of results) {
    const content = { date: new Date().toISOString(), host, ...result }
    writeFileSync(join(target, `${result.kind}.json`), `${JSON.stringify(content, null, 2)}\n`)
  }
  const files = ['userspace.json', 'kernel.json'].map((name) => join(target, name))
  const kept = files
    .filter((file) => existsSync(file))
    .map((file) => JSON.parse(readFileSync(file, 'utf8')))
  writeFileSync(join(target, 'report.md'), report(kept))
  writeFileSync(join(target, 'cost-per-peer.svg'), plot(kept))
}
