import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { parseArgs } from 'node:util'
import { chooseTiers, withOptions } from './chosen-tiers.mjs'
import { oneMoreFailure } from './counts.mjs'
import { ensurePackages, isRoot } from './machine.mjs'
import { runShuffled } from './shuffled.mjs'
import { checkVersion, packagesBeside, standIns, tiersOf } from './stand-ins.mjs'
import { temporaryFolder } from './temporary.mjs'
import { tiers } from './tiers.mjs'
import { buildPackages, installDependencies } from './workspace.mjs'

/** @typedef {import('./tiers.mjs').Tier} Tier */
/** @typedef {import('./shuffled.mjs').Row} Row */

const usage = `Usage: node scripts/test.mjs [--all] [--kernel NAME] [--daemon VERSION] [--tools VERSION]
                             [--shuffle N [--seed S]] [tier...]

Runs the tiers that are named, or all but those in brackets; --all runs those as well.
--kernel NAME runs those of them that run in a virtual machine on that kernel: 6.1, 6.12, 6.18, newest (the
highest that Debian's backports and sid have) or host; without names, the tier of that kernel, or
kernel where there is none.
--daemon 2022 or newest runs them with the wireguard-go of Debian 12, which this machine has to have, or of Debian
sid; without names, ${tiersOf('daemon').join(', ')}. --tools 2021 or newest does so with wg(8), wg-quick(8)
and iproute2; without names, ${tiersOf('tools').join(', ')}. Debian sid is downloaded once.
--shuffle N runs each tier N times with its files in another order and a second copy of it beside, then
once with a processor busy; --seed S begins with the order that had that seed.

${tiers.map(({ name, asked, about }) => `  ${(asked ? `[${name}]` : name).padEnd(16)} ${about}`).join('\n')}`

/** @type {Promise<boolean> | undefined} */
let building

if (!process.stdout.isTTY && !process.env['FORCE_COLOR']) process.env['NO_COLOR'] = '1'
await main()

async function main() {
  const { chosen: named, programs, order } = readArguments()
  // What the tiers leave among the temporary files goes with this folder, also when they are killed.
  const folder = temporaryFolder(tmpdir(), 'wgctrl-')
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  process.env['TMPDIR'] = folder
  /** @type {Row[]} */
  const rows = []
  /** @type {import('./stand-ins.mjs').StandIns | undefined} */
  let others
  try {
    await installDependencies()
    others = await standIns(programs, temporaryFolder(folder, 'programs-'))
  } catch (error) {
    const { passed, failed } = oneMoreFailure({ passed: 0, failed: 0 }, words(error))
    rows.push({ name: 'workspace', passed, failed, seconds: 0 })
  }
  if (others) {
    const { mounts } = others
    const chosen = mounts.length > 0 ? named.map((tier) => withOptions(tier, { mounts })) : named
    rows.push(...(await (order ? runInOrders(chosen, order) : runLanes(chosen))))
  }
  if (others) tellPackages(named, others)
  // Last of all: whoever runs this reads the counts there.
  report(rows)
}

/**
 * What runs in a virtual machine takes one processor; all else runs beside it, the last of it in its place when
 * that has ended first. Its output would be mixed up with theirs: it is shown when a tier has ended.
 *
 * @param {Tier[]} chosen
 */
async function runLanes(chosen) {
  const machine = chosen.filter(({ inMachine }) => inMachine)
  const others = chosen.filter(({ inMachine }) => !inMachine)
  const isBeside = others.length > 0
  const lanes = [runLane(() => others.shift())]
  if (machine.length > 0) lanes.push(runLane(() => machine.shift() ?? others.pop(), isBeside))
  const rows = (await Promise.all(lanes)).flat()
  return chosen.flatMap(({ name }) => rows.find((row) => row.name === name) ?? [])
}

/**
 * @param {() => Tier | undefined} next
 * @param {boolean} [isBeside] another lane's output is on the screen
 */
async function runLane(next, isBeside = false) {
  const rows = []
  for (let tier = next(); tier; tier = next()) rows.push(await runTier(tier, isBeside))
  return rows
}

/**
 * One tier after the other: each has copies of itself beside it.
 *
 * @param {Tier[]} chosen
 * @param {{ times: number, seed: number }} order
 */
async function runInOrders(chosen, order) {
  const rows = []
  for (const tier of chosen) {
    const ofTier = await prepareTier(tier).then(
      () => runShuffled(tier, { ...order, folder: tmpdir() }),
      (error) => {
        const counts = oneMoreFailure({ passed: 0, failed: 0 }, words(error))
        return [{ name: tier.name, ...counts, seconds: 0 }]
      },
    )
    rows.push(...ofTier)
  }
  return rows
}

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        all: { type: 'boolean' },
        kernel: { type: 'string' },
        daemon: { type: 'string' },
        tools: { type: 'string' },
        shuffle: { type: 'string' },
        seed: { type: 'string' },
        help: { type: 'boolean' },
      },
    })
    const unknown = positionals.filter((name) => !tiers.some((tier) => tier.name === name))
    if (unknown.length > 0) throw new Error(`no such tier: ${unknown.join(', ')}`)
    if (values.seed !== undefined && values.shuffle === undefined) {
      throw new Error('--seed goes with --shuffle')
    }
    if (!values.help) {
      const order = values.shuffle !== undefined && {
        times: wholeNumber('--shuffle', values.shuffle),
        seed: wholeNumber('--seed', values.seed ?? String(Date.now() % 2 ** 31)),
      }
      const { daemon, tools } = values
      checkVersion('daemon', daemon)
      checkVersion('tools', tools)
      return { chosen: chooseTiers(values, positionals), programs: { daemon, tools }, order }
    }
  } catch (error) {
    console.error(`${words(error)}\n\n${usage}`)
    process.exit(1)
  }
  console.log(usage)
  process.exit(0)
}

/**
 * @param {string} option
 * @param {string} text
 */
function wholeNumber(option, text) {
  if (!/^\d+$/.test(text)) throw new Error(`${option}: a whole number, not ${text}`)
  return Number(text)
}

/**
 * @param {Tier} tier
 * @param {boolean} isBeside
 * @returns {Promise<Row>}
 */
async function runTier(tier, isBeside) {
  const { name, about } = tier
  const title = `\n== ${name}: ${about}`
  console.log(isBeside ? `${title} (beside the others; what it says follows)` : title)
  const started = performance.now()
  const counts = await prepareTier(tier).then(
    () => tier.run(tier, { shown: !isBeside, folder: tmpdir() }),
    (error) => oneMoreFailure({ passed: 0, failed: 0 }, words(error)),
  )
  return { name, ...counts, seconds: (performance.now() - started) / 1000 }
}

/** @param {Tier} tier */
async function prepareTier({ name, root, needs = [], built }) {
  if (root && !isRoot()) {
    throw new Error(
      `the tier ${name} makes devices in a network namespace of its own: run it as root (on Linux)`,
    )
  }
  await ensurePackages(needs)
  if (!built) return
  building ??= buildPackages().then(
    () => true,
    (error) => {
      console.log(words(error))
      return false
    },
  )
  if (!(await building)) throw new Error('the packages are not built, for the reason above')
}

/** @param {Row[]} rows */
function report(rows) {
  const sum = (/** @type {'passed' | 'failed'} */ key) =>
    rows.reduce((total, row) => total + row[key], 0)
  const cells = [
    { name: 'tier', numbers: ['passed', 'failed', 'seconds'], on: '' },
    ...rows.map(({ name, passed, failed, seconds, on = '' }) => {
      return { name, numbers: [passed, failed, seconds.toFixed(1)], on }
    }),
  ]
  console.log('')
  const width = Math.max(16, ...rows.map(({ name }) => name.length + 1))
  for (const { name, numbers, on } of cells) {
    const columns = [name.padEnd(width), ...numbers.map((n) => String(n).padStart(8)), `  ${on}`]
    console.log(columns.join('').trimEnd())
  }
  console.log(`\n${sum('passed')} passed, ${sum('failed')} failed`)
  process.exitCode = sum('failed') > 0 || sum('passed') === 0 ? 1 : 0
}

/**
 * Says beside what the tiers ran.
 *
 * @param {Tier[]} chosen
 * @param {import('./stand-ins.mjs').StandIns} others
 */
function tellPackages(chosen, others) {
  /** @type {Map<string, string[]>} */
  const lines = new Map()
  for (const { name, needs = [] } of chosen) {
    const packages = packagesBeside(needs, others).join(', ')
    if (packages !== '') lines.set(packages, [...(lines.get(packages) ?? []), name])
  }
  for (const [packages, names] of lines) console.log(`${names.join(', ')}: beside ${packages}`)
}

/** @param {unknown} error */
function words(error) {
  return error instanceof Error ? error.message : String(error)
}
