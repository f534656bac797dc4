// Measures both backends at native speed: the kernel's from datagrams in files, wireguard-go itself.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { root } from '../../scripts/packages.mjs'
import { cache } from '../../scripts/workspace.mjs'
import { runInKernel } from '../../test/kernel/run.mjs'
import { configOf, largest, nameOf } from '../shapes.mjs'
import { writeDumps } from './dump.mjs'
import { BEFORE } from './library.mjs'
import { compileReplay, device, memoryFolder, PICOSECONDS, runApart } from './machine.mjs'
import { report } from './report.mjs'
import { buildRevision } from './revision.mjs'

/**
 * What one process measures.
 *
 * @typedef {object} Job
 * @property {'kernel' | 'userspace'} kind
 * @property {'reads' | 'writes' | 'sent'} what 'sent': the device is configured once, for what is sent to be kept
 * @property {string} device
 * @property {string} folder for files
 * @property {number} peers
 * @property {number} allowedIPs of each peer
 * @property {number} rounds that are counted
 * @property {boolean} syncs whether `sync()` is measured as well
 * @property {boolean} profiled whether to tell where the time goes
 * @property {Record<string, string>} roots of the checkouts to measure, by what stands behind their names
 */

/** @typedef {{ kind: Job['kind'], peers: number, allowedIPs: number, isBusy?: boolean }} Device */

/** What matters most comes first: a run that is cut short has that. @type {Device[]} */
const full = [
  { kind: 'kernel', peers: 1, allowedIPs: 2 },
  { kind: 'kernel', peers: 10_000, allowedIPs: 2 },
  { kind: 'kernel', peers: 100_000, allowedIPs: 2 },
  { kind: 'kernel', peers: 100_000, allowedIPs: 2, isBusy: true },
  { kind: 'userspace', peers: 10_000, allowedIPs: 2 },
  { kind: 'kernel', peers: 1_000, allowedIPs: 2 },
  { kind: 'kernel', peers: 1_000, allowedIPs: 100 },
  { kind: 'userspace', peers: largest.userspace, allowedIPs: 2 },
]

/** Enough to see that everything runs. @type {Device[]} */
const quick = [
  { kind: 'kernel', peers: 1, allowedIPs: 2 },
  { kind: 'kernel', peers: 300, allowedIPs: 2, isBusy: true },
  { kind: 'userspace', peers: 300, allowedIPs: 2 },
]

/** What the real kernel is asked to confirm. */
const checked = [
  { peers: 1, allowedIPs: 2 },
  { peers: 500, allowedIPs: 2 },
  { peers: 2, allowedIPs: 2_000 },
]

/** V8 compiles otherwise in each process. */
const PROCESSES = 3

/**
 * @param {{ against?: string | undefined, quick?: boolean | undefined, check?: boolean | undefined,
 *   only?: string | undefined }} options `against`: a commit that is measured beside this checkout;
 *   `only`: devices of that many peers alone
 */
export async function benchNative({ against, quick: isQuick = false, check = false, only }) {
  // The guest that checks sees the files of the workspace.
  const folder = mkdtempSync(join(check ? cache : memoryFolder, 'bench-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const library = await compileReplay(folder)
  if (check) return await checkAgainstKernel(folder, library)
  const roots = { '': root, ...(against && { [BEFORE]: await buildRevision(against) }) }
  const [before = 0] = loadavg()
  const chosen = (isQuick ? quick : full).filter(({ peers }) => !only || peers === Number(only))
  /** @type {import('./report.mjs').Results} */
  const results = {
    date: new Date().toISOString(),
    ...host(),
    load: [before, before],
    against,
    rows: [],
  }
  const shared = { folder, library, roots, isQuick }
  if (!only) results.startup = await measureStartup(shared)
  for (const one of chosen) {
    results.rows.push(await measureDevice(one, shared))
    results.load[1] = loadavg()[0] ?? 0
    // After each, so that a run that is cut short was not in vain.
    if (!isQuick && !only) keep(results)
  }
  console.log(report(results))
}

function host() {
  return { processors: cpus().length, model: cpus()[0]?.model ?? '', node: process.version }
}

/** @param {Device} one */
async function measureDevice(one, { folder, library, roots, isQuick }) {
  const { kind, peers, allowedIPs, isBusy = false } = one
  console.error(`bench: ${kind}, ${nameOf(one)}${isBusy ? ', busy' : ''}`)
  const dumps = emptied(join(folder, 'dumps'))
  const config = configOf({ peers, allowedIPs })
  if (kind === 'kernel') writeDumps(dumps, { ...device, config, isBusy })
  const env = environment(kind, library, dumps)
  const shared = { kind, device: device.name, folder, peers, allowedIPs, roots }
  const jobs = {
    reads: { ...shared, what: 'reads', syncs: peers >= 300 },
    writes: { ...shared, what: 'writes' },
  }
  const processes = isQuick ? 1 : PROCESSES
  const reads = []
  const writes = []
  for (let at = 0; at < processes; at++) {
    const profiled = at === 0 && peers >= 300
    const rounds = isQuick ? 2 : roundsOf(one)
    reads.push(await runJob({ ...jobs.reads, profiled, rounds }, env))
    // What a daemon does with a change takes ten times as long as all of ours.
    if (kind === 'kernel' && !isBusy)
      writes.push(await runJob({ ...jobs.writes, profiled, rounds }, env))
  }
  const isLargest = kind === 'kernel' && peers === largest.kernel && !isBusy
  return { ...one, reads, writes, ...(isLargest && (await measureProcesses(shared, env))) }
}

/** @param {string} path */
function emptied(path) {
  rmSync(path, { recursive: true, force: true })
  mkdirSync(path)
  return path
}

/** @param {Device} one */
function roundsOf({ peers, allowedIPs }) {
  const networks = peers * allowedIPs
  if (networks > 100_000) return 3
  return networks >= 10_000 ? 9 : 41
}

function environment(kind, library, dumps) {
  const replay = { REPLAY_DUMPS: dumps, REPLAY_PICOSECONDS: String(PICOSECONDS) }
  return { LD_PRELOAD: library, ...(kind === 'kernel' && replay) }
}

/** @param {Job} job */
async function runJob(job, env) {
  // Without the second flag a garbage collection throws away code that did not run for a while.
  const flags = ['--expose-gc', '--no-flush-bytecode']
  const file = join(root, 'bench/native/measure.mjs')
  const command = [process.execPath, ...flags, file, JSON.stringify(job)]
  return await runApart(command, env, job.kind === 'kernel')
}

/** By how much a process of its own grows, and how long its event loop stands still. */
async function measureProcesses({ kind, device: name, peers, allowedIPs, roots }, env) {
  /** @type {Record<'memory' | 'loop', Record<string, any>>} */
  const results = { memory: {}, loop: {} }
  for (const [suffix, place] of Object.entries(roots)) {
    for (const action of ['device()', 'peers()', 'configure()']) {
      for (const what of /** @type {const} */ (['memory', 'loop'])) {
        const file = join(root, 'bench/process.mjs')
        const words = [what, kind, name, String(peers), String(allowedIPs), action, place]
        const command = [process.execPath, '--expose-gc', file, ...words]
        results[what][`${action}${suffix}`] = await runApart(command, env, true)
      }
    }
  }
  return results
}

async function measureStartup({ folder, library, roots, isQuick }) {
  const dumps = emptied(join(folder, 'dumps'))
  const config = configOf({ peers: 1, allowedIPs: 2 })
  writeDumps(dumps, { ...device, config, isBusy: true })
  const file = join(root, 'bench/native/startup.mjs')
  const words = [isQuick ? '2' : '21', device.name, JSON.stringify(roots)]
  const env = environment('kernel', library, dumps)
  return await runApart([process.execPath, file, ...words], env, true)
}

/** Whether a real kernel dumps what is made up here, and takes what was sent to one that is not there. */
async function checkAgainstKernel(folder, library) {
  const [dumps = '', sent = ''] = ['dumps', 'sent'].map((name) => emptied(join(folder, name)))
  for (const shape of checked) {
    writeDumps(dumps, { ...device, config: configOf({ peers: 0, allowedIPs: 0 }), isBusy: false })
    const job = {
      kind: 'kernel',
      what: 'sent',
      device: device.name,
      folder,
      ...shape,
      rounds: 0,
      roots: { '': root },
    }
    const file = join(sent, `${shape.peers}x${shape.allowedIPs}`)
    await runJob(job, { ...environment('kernel', library, dumps), REPLAY_SENT: file })
  }
  const { status } = await runInKernel({
    command: process.execPath,
    args: [join(root, 'bench/native/check.mjs'), sent],
    cwd: root,
  })
  if (status !== 0) throw new Error(`the check ended with ${status}`)
}

/** @param {import('./report.mjs').Results} results */
function keep(results) {
  const target = join(root, 'bench/results')
  writeFileSync(join(target, 'native.json'), `${JSON.stringify(results, null, 2)}\n`)
  writeFileSync(join(target, 'native.md'), report(results))
}
