// Measures one shape in this process and prints JSON: node measure.mjs JOB, see native.mjs for what a job is
import { randomInt } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { profile } from '../profile.mjs'
import { configFile, configOf } from '../shapes.mjs'
import { summarize } from '../statistics.mjs'
import { BEFORE, bareReader, clientAt } from './library.mjs'
import { runMeasured } from './program.mjs'

/** @typedef {import('./native.mjs').Job} Job */
/**
 * @typedef {object} Contender
 * @property {string} name
 * @property {() => Promise<number | void>} run gives the processor time of a process that it started
 */

/** How many peers `sync` finds to be changed. */
const CHANGED_PEERS = 10

const patient = { timeout: Number.POSITIVE_INFINITY }
/** @type {Job} */
const job = JSON.parse(process.argv[2] ?? '')
const config = configOf(job)
const clients = []
for (const [suffix, root] of Object.entries(job.roots)) {
  clients.push({ suffix, root, wg: await clientAt(root, job.kind) })
}
if (job.kind === 'userspace') await setUp()
if (job.what === 'sent') await clients[0]?.wg.configure(job.device, config, patient)
const contenders = job.what === 'reads' ? await readers() : job.what === 'writes' ? writers() : []
const result = await interleave(contenders)
const profiles = job.profiled ? await profileOurs(contenders) : {}
console.log(JSON.stringify({ result, profiles }))
for (const { wg } of clients) await wg.close()
process.exit()

/** A daemon has the device; a kernel's is made up. */
async function setUp() {
  const [{ wg }] = clients
  await wg.create(job.device)
  await wg.configure(job.device, config, patient)
}

/** @returns {Promise<Contender[]>} */
async function readers() {
  const list = clients.flatMap(({ suffix, wg }) => [
    { name: `device()${suffix}`, run: async () => check((await wg.device(job.device)).peers) },
    { name: `peers()${suffix}`, run: () => countPeers(wg) },
    ...(job.syncs ? [syncContender(suffix, wg)] : []),
  ])
  const [{ root }] = clients
  const bare =
    job.kind === 'kernel'
      ? await bareReader(root, job.device)
      : await (await import('../backends/userspace.mjs')).bareReader(job.device)
  const dump = ['wg', 'show', job.device, 'dump']
  return [
    ...list,
    { name: 'bare read', run: () => bare.read() },
    { name: 'wg show dump', run: () => runMeasured(dump) },
    { name: 'wg show dump > /dev/null', run: () => runMeasured(dump, { isHeard: false }) },
  ]
}

/** @returns {Contender[]} */
function writers() {
  const file = join(job.folder, 'device.conf')
  writeFileSync(file, configFile(config))
  const ours = clients.map(({ suffix, wg }) => ({
    name: `configure()${suffix}`,
    run: () => wg.configure(job.device, config, patient),
  }))
  return [
    ...ours,
    { name: 'wg setconf', run: () => runMeasured(['wg', 'setconf', job.device, file]) },
  ]
}

/**
 * The device has the config already, but for a few peers, which stay as they are: what is replayed does not
 * change, and `sync()` reads again what it has changed.
 */
function syncContender(suffix, wg) {
  const peers = config.peers.map((peer, index) =>
    index < CHANGED_PEERS ? { ...peer, persistentKeepalive: 25 } : peer,
  )
  return {
    name: `sync({ dryRun })${suffix}`,
    run: async () => {
      const changes = await wg.sync(job.device, { peers }, { ...patient, dryRun: true })
      if (changes.length !== CHANGED_PEERS) throw new Error(`${changes.length} changes`)
    },
  }
}

/** @param {import('wgctrl').WireGuard} wg */
async function countPeers(wg) {
  let count = 0
  for await (const _ of wg.peers(job.device)) count++
  check({ length: count })
}

/** @param {{ length: number }} peers */
function check({ length }) {
  if (length !== job.peers) throw new Error(`${length} peers were read, not ${job.peers}`)
}

/**
 * Runs contenders in turn, round by round, in another order each time: who comes behind a process that ended finds
 * neither his data in the caches nor his thread on a processor. The first round warms up.
 *
 * @param {Contender[]} list
 */
async function interleave(list) {
  /** @type {Map<string, { wall: number[], processor: number[] }>} */
  const samples = new Map(list.map(({ name }) => [name, { wall: [], processor: [] }]))
  const isLarge = job.peers * job.allowedIPs >= 20_000
  for (let round = 0; round <= job.rounds; round++) {
    for (const { name, run } of shuffled(list)) {
      // One contender's garbage is not the next one's work.
      if (isLarge) globalThis.gc?.({ type: 'minor' })
      const usage = process.cpuUsage()
      const begun = performance.now()
      const child = (await run()) ?? 0
      const wall = performance.now() - begun
      const { user, system } = process.cpuUsage(usage)
      if (round === 0) continue
      samples.get(name)?.wall.push(wall)
      // Of a process that was started only its own time counts: what it takes to start one is Node's.
      samples.get(name)?.processor.push(child || (user + system) / 1000)
    }
  }
  return Object.fromEntries(
    [...samples].map(([name, { wall, processor }]) => [
      name,
      { wall: summarize(wall), processor: summarize(processor) },
    ]),
  )
}

/** @param {Contender[]} list */
function shuffled(list) {
  const order = [...list]
  for (let at = order.length - 1; at > 0; at--) {
    const other = randomInt(at + 1)
    ;[order[at], order[other]] = [order[other], order[at]]
  }
  return order
}

/** @param {Contender[]} list */
async function profileOurs(list) {
  /** @type {Record<string, import('../profile.mjs').Share[]>} */
  const profiles = {}
  for (const contender of list) {
    const { name } = contender
    if (name.endsWith(')') && !name.endsWith(BEFORE)) profiles[name] = await profile(contender)
  }
  return profiles
}
