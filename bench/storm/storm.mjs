// All clients of a gateway come at once, after its restart: how long it takes beside the floor, and what it costs.
import { existsSync, readFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { join, resolve } from 'node:path'
import { run, runWell } from '../../scripts/command.mjs'
import { isolated } from '../../scripts/namespace.mjs'
import { root } from '../../scripts/packages.mjs'
import { runInKernel } from '../../test/kernel/run.mjs'
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
 * @property {boolean} answer whether they answer the gateway's initiations. That takes as much of the machine as the gateway
 *   itself, and is not in the floor
 * @property {boolean} [rehearsed] whether as many others came before: where code is translated twice, by V8 and by the machine, the
 *   first to come wait for little else
 */

/** @type {Omit<Job, 'root' | 'kind' | 'answer'>} */
const full = { residents: 10_000, clients: 2000, duration: 1500 }
/** @type {typeof full} */
const quick = { residents: 300, clients: 100, duration: 500 }
/** An emulated processor takes ten times as long for each. @type {typeof full} */
const emulated = { residents: 300, clients: 40, duration: 4000, rehearsed: true }

const ROUNDS = 3

const parts = join(root, 'node_modules/.cache/wgctrl/bench')

/** What V8 is told where the gateway is a service. */
const unit = readFileSync(join(root, 'packages/cli/systemd/wgctrl-gateway.service'), 'utf8')
const asService = /^Environment=NODE_OPTIONS=(.+)$/m.exec(unit)?.[1]?.split(' ') ?? []

/** Times of the floor, parts of what the build before takes of the processor, milliseconds that a timer is late. */
const LIMITS = { time: 1.5, processor: 0.4, late: 20 }

/**
 * @param {{ against?: string | undefined, quick?: boolean | undefined, kernel?: boolean | undefined }} options `against`: a
 *   commit, or the folder of a checkout that is built, which is measured beside this one; `kernel`: a smaller storm at a
 *   device of a kernel, once
 * @returns {Promise<boolean>} whether all limits were met
 */
export async function benchStorm({ against, quick: isQuick = false, kernel: isKernel = false }) {
  const args = ['--no-config', '--format', 'esm', '--no-splitting', '--silent', '--out-dir', parts]
  const bundle = join(root, 'node_modules/.bin/tsup')
  await runWell(bundle, ['bench/storm/parts.ts', ...args], { cwd: root })
  const builds = [{ name: 'this build', root }]
  if (against) builds.push({ name: 'before', root: await buildOf(against) })
  const results = new Map(builds.map(({ name }) => [name, []]))
  const shape = isKernel
    ? { kind: 'kernel', ...emulated }
    : { kind: 'userspace', ...(isQuick ? quick : full) }
  for (let round = 0; round < (isQuick || isKernel ? 1 : ROUNDS); round++) {
    for (const { name, root: folder } of builds) {
      for (const answer of [false, true]) {
        const result = await runJob({ ...shape, root: folder, answer })
        results.get(name)?.push({ ...result, answer })
        console.log(describe(`${name}, clients that ${answer ? 'answer' : 'are silent'}`, result))
      }
    }
  }
  // Where instructions are translated one by one, the limits say nothing.
  return judge(results) || isKernel
}

/** @param {string} against */
async function buildOf(against) {
  const folder = resolve(against)
  return existsSync(join(folder, 'packages/wireguard/dist')) ? folder : await buildRevision(against)
}

/** @param {Job} job */
async function runJob(job) {
  const file = join(root, 'bench/storm/gateway.mjs')
  const options = job.root === root ? asService : []
  const command = [...options, '--expose-gc', '--no-flush-bytecode', file, JSON.stringify(job)]
  const output = job.kind === 'kernel' ? await inKernel(command) : await onHost(command)
  const [last = ''] = output.trim().split('\n').slice(-1)
  try {
    return JSON.parse(last)
  } catch (cause) {
    throw new Error(`the storm printed no result:\n${output}`, { cause })
  }
}

/** @param {string[]} args */
async function onHost(args) {
  const [command = '', ...rest] = isolated([process.execPath, ...args])
  return (await run(command, rest, { cwd: root, seconds: 600 })).output
}

/** @param {string[]} args */
async function inKernel(args) {
  let output = ''
  const onOutput = (chunk) => {
    output += chunk
  }
  const options = { kernel: 'auto', command: process.execPath, args, cwd: root, onOutput }
  await runInKernel({ ...options, timeout: 1200 })
  return output
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
    `  timers late by ${ms(storm.latest)} ms at most, ${ms(storm.late99)} at the 99th percentile; longest turn ${ms(storm.turn)} ms on the processor, ${ms(storm.unqueued)} ms without the wait for one`,
    `  ${storm.handshakes} handshakes, ${reinitiated} initiated again, ${installsFailed} failed, ${busy} busy, ${storm.handshakeCounters.limited} limited; load ${(loadavg()[0] ?? 0).toFixed(1)}`,
  ].join('\n')
}

/** @returns {boolean} whether all limits were met */
function judge(results) {
  const middle = (name, isOf, of) =>
    summarize((results.get(name) ?? []).filter(isOf).map(of)).median
  const silent = ({ answer }) => !answer
  const answering = ({ answer }) => answer
  const ours = 'this build'
  const time = middle(ours, silent, ({ storm, floor }) => storm.time / (floor.decode + floor.write))
  const late = middle(ours, silent, ({ storm }) => storm.latest)
  // What it would have taken in that time without a storm is no client's.
  const ofStorm = ({ storm }) => storm.settled - storm.idle.settled
  const processor = middle(ours, answering, ofStorm)
  const before = middle('before', answering, ofStorm)
  console.log(`time: ${time.toFixed(2)} of the floor, ${LIMITS.time} at most`)
  console.log(`timers late by ${late.toFixed(1)} ms, ${LIMITS.late} at most`)
  console.log(`processor time a client: ${processor.toFixed(3)} ms`)
  const share = processor / before
  if (before) console.log(`${share.toFixed(2)} of the build before, ${LIMITS.processor} at most`)
  return time <= LIMITS.time && late <= LIMITS.late && !(share > LIMITS.processor)
}
