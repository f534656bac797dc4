// Measures one backend in this process's namespaces: node measure.mjs kernel|userspace OUTPUT [--quick]
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadBackend } from './backends/index.mjs'
import { readers, writers } from './contenders.mjs'
import { interleave } from './interleave.mjs'
import { measureLoop, measureMemory } from './process.mjs'
import { profile } from './profile.mjs'
import { configFile, configOf, nameOf, profiled, quickShapes, shapesOf } from './shapes.mjs'

const [kind = '', output = '', mode] = process.argv.slice(2)
const isQuick = mode === '--quick'
const patient = { timeout: Number.POSITIVE_INFINITY }
const folder = mkdtempSync(join(tmpdir(), 'wgctrl-bench-'))
const backend = await loadBackend(kind)
const wg = await backend.openClient()
const chosen = isQuick ? quickShapes : shapesOf(kind)
const rows = []
for (const shape of chosen) {
  rows.push(await measureShape(shape))
  writeFileSync(output, JSON.stringify({ kind, rows }, null, 2))
}
await wg.close()
rmSync(folder, { recursive: true })

/** @param {import('./shapes.mjs').Shape} shape */
async function measureShape(shape) {
  const config = configOf(shape)
  const file = join(folder, 'device.conf')
  writeFileSync(file, configFile(config))
  const context = { backend, wg, config, file, device: `read${chosen.indexOf(shape)}`, shape }
  console.error(`${kind}: ${nameOf(shape)}`)
  const { writes, profiles: writeProfiles } = await measureWrites(context)
  await wg.create(context.device)
  await wg.configure(context.device, config, patient)
  const contenders = await readers(context)
  const reads = await interleave(contenders.list, {
    ...readLimits(shape),
    collects: isLarge(shape),
  })
  const profiles = await profileAll(shape, contenders.list)
  await contenders.close()
  const memory = await measureMemory(kind, context.device, shape)
  const isLargest = shape.peers === Math.max(...chosen.map(({ peers }) => peers))
  const loop = isLargest ? await measureLoop(kind, context.device, shape) : undefined
  await backend.discard(wg, context.device)
  const rest = { ...(loop && { loop }), profiles: { ...profiles, ...writeProfiles } }
  return { ...shape, reads, writes, memory, ...rest }
}

/** Each write is to a device of its own: to replace peers costs the kernel more than to add them. */
async function measureWrites(context) {
  const { list, close } = writers(context)
  const isHuge = context.shape.peers > 10_000
  const rounds = isQuick || isHuge ? 1 : 4
  const writes = await interleave(list, {
    rounds,
    atLeast: isHuge ? 1 : Math.min(3, rounds),
    seconds: 60,
    collects: isLarge(context.shape),
  })
  const profiles = await profileAll(context.shape, list)
  await close()
  return { writes, profiles }
}

/**
 * Where the time of our own calls goes, at one shape.
 *
 * @param {import('./shapes.mjs').Shape} shape
 * @param {import('./interleave.mjs').Contender[]} contenders
 */
async function profileAll(shape, contenders) {
  /** @type {Record<string, import('./profile.mjs').Share[]>} */
  const profiles = {}
  if (shape.peers !== profiled[isQuick ? 'quick' : 'full']) return profiles
  for (const contender of contenders) {
    if (contender.name.endsWith('()')) profiles[contender.name] = await profile(contender)
  }
  return profiles
}

/** @param {import('./shapes.mjs').Shape} shape */
function isLarge({ peers, allowedIPs }) {
  return peers * allowedIPs >= 20_000
}

/** @param {import('./shapes.mjs').Shape} shape */
function readLimits({ peers, allowedIPs }) {
  if (isQuick) return { rounds: 2, atLeast: 2, seconds: 0 }
  const networks = peers * allowedIPs
  if (networks > 100_000) return { rounds: 5, atLeast: 3, seconds: 60 }
  return networks >= 20_000
    ? { rounds: 11, atLeast: 5, seconds: 40 }
    : { rounds: 41, atLeast: 9, seconds: 15 }
}
