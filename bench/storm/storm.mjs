// All clients of a gateway come at once, after its restart: how long it takes beside the floor, and what it costs.
import { existsSync } from 'node:fs'
import { loadavg } from 'node:os'
import { join, resolve } from 'node:path'
import { run, runWell } from '../../scripts/command.mjs'
import { isolated } from '../../scripts/namespace.mjs'
import { root } from '../../scripts/packages.mjs'
import { buildRevision } from '../native/revision.mjs'
import { summarize } from '../statistics.mjs'

/**
 * What one process measures.
 *
 * @typedef {object} Job
 * @property {string} root of the checkout whose build it measures
 * @property {'kernel' | 'userspace'} kind
 * @property {number} residents peers that the device has before
 * @property {number} clients who come
 * @property {number} duration milliseconds in which they come
 */

/** @type {Omit<Job, 'root' | 'kind'>} */
const full = { residents: 10_000, clients: 2000, duration: 1900 }
/** @type {typeof full} */
const quick = { residents: 300, clients: 100, duration: 500 }

const ROUNDS = 3

/** Times of the floor, parts of what the build before takes of the processor, milliseconds that a timer is late. */
const LIMITS = { time: 1.5, processor: 0.4, late: 20 }

/**
 * @param {{ against?: string | undefined, quick?: boolean | undefined }} options `against`: a commit, or the folder of a
 *   checkout that is built, which is measured beside this one
 */
export async function benchStorm({ against, quick: isQuick = false }) {
  const parts = [
    'bench/storm/parts.ts',
    '--no-config',
    '--format',
    'esm',
    '--no-splitting',
    '--silent',
  ]
  const target = join(root, 'node_modules/.cache/wgctrl/bench')
  await runWell(join(root, 'node_modules/.bin/tsup'), [...parts, '--out-dir', target], {
    cwd: root,
  })
  const builds = [{ name: 'this build', root }]
  if (against) builds.push({ name: 'before', root: await buildOf(against) })
  const results = new Map(builds.map(({ name }) => [name, []]))
  for (let round = 0; round < (isQuick ? 1 : ROUNDS); round++) {
    for (const build of builds) {
      const result = await runJob({
        root: build.root,
        kind: 'userspace',
        ...(isQuick ? quick : full),
      })
      results.get(build.name)?.push(result)
      console.log(describe(build.name, result))
    }
  }
  return judge(results)
}

/** @param {string} against */
async function buildOf(against) {
  const folder = resolve(against)
  return existsSync(join(folder, 'packages/wireguard/dist')) ? folder : await buildRevision(against)
}

/** @param {Job} job */
async function runJob(job) {
  const file = join(root, 'bench/storm/gateway.mjs')
  const flags = ['--expose-gc', '--no-flush-bytecode']
  const [command = '', ...args] = isolated([process.execPath, ...flags, file, JSON.stringify(job)])
  const { output } = await run(command, args, { cwd: root, seconds: 600 })
  const [last = ''] = output.trim().split('\n').slice(-1)
  try {
    return JSON.parse(last)
  } catch (cause) {
    throw new Error(`the storm printed no result:\n${output}`, { cause })
  }
}

/** @param {string} name */
function describe(name, { floor, storm }) {
  const ms = (value) => value.toFixed(value < 10 ? 2 : 0)
  const least = floor.decode + floor.write
  const { reinitiated, installsFailed, busy } = storm.counters
  return [
    `${name}: all installed after ${ms(storm.time)} ms, ${ms(storm.behind)} ms behind the last packet`,
    `  floor ${ms(least)} ms (decoded ${ms(floor.decode)}, written ${ms(floor.write)}): ${(storm.time / least).toFixed(2)} times`,
    `  processor ${storm.processor.toFixed(3)} ms a client until then (${storm.idle.storm.toFixed(3)} without a storm), ${storm.settled.toFixed(3)} with their handshakes (${storm.idle.settled.toFixed(3)})`,
    `  timers late by ${ms(storm.latest)} ms at most, ${ms(storm.late99)} at the 99th percentile; longest turn ${ms(storm.turn)} ms on the processor`,
    `  ${storm.handshakes} handshakes, ${reinitiated} initiated again, ${installsFailed} failed, ${busy} busy, ${storm.handshakeCounters.limited} limited; load ${(loadavg()[0] ?? 0).toFixed(1)}`,
  ].join('\n')
}

/** @returns {boolean} whether all limits were met */
function judge(results) {
  const middle = (name, of) => summarize((results.get(name) ?? []).map(of)).median
  const ours = 'this build'
  const time = middle(ours, ({ storm, floor }) => storm.time / (floor.decode + floor.write))
  const late = middle(ours, ({ storm }) => storm.latest)
  const processor = middle(ours, ({ storm }) => storm.settled)
  const before = middle('before', ({ storm }) => storm.settled)
  console.log(`time: ${time.toFixed(2)} of the floor, ${LIMITS.time} at most`)
  console.log(`timers late by ${late.toFixed(1)} ms, ${LIMITS.late} at most`)
  console.log(`processor time a client: ${processor.toFixed(3)} ms`)
  const share = processor / before
  if (before) console.log(`${share.toFixed(2)} of the build before, ${LIMITS.processor} at most`)
  return time <= LIMITS.time && late <= LIMITS.late && !(share > LIMITS.processor)
}
