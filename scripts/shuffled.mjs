import { spawn } from 'node:child_process'
import { temporaryFolder } from './temporary.mjs'

/** @typedef {import('./tiers.mjs').Tier} Tier */
/** @typedef {import('./counts.mjs').Counts & { name: string, seconds: number }} Row */

/**
 * Runs a tier `times` times, each with its files in another order and a second copy of it beside, in the same
 * order, so that every file meets itself; then once alone with a processor busy.
 *
 * @param {Tier} tier
 * @param {{ times: number, seed: number, folder: string }} options the seed of the first order, and where
 *   temporary files go
 * @returns {Promise<Row[]>}
 */
export async function runShuffled(tier, { times, seed, folder }) {
  // What may take its time on a machine of its own may take more beside another.
  const patient = { ...tier, seconds: tier.seconds * 4 }
  /** @type {(what: string, seed: number, shown?: boolean) => Promise<Row>} */
  const runOnce = async (what, seed, shown = false) => {
    const started = performance.now()
    const own = temporaryFolder(folder, `${tier.name}-`)
    const counts = await tier.run(patient, { shown, folder: own, seed })
    return { name: what, ...counts, seconds: (performance.now() - started) / 1000 }
  }
  const rows = []
  for (let round = 0; round < times; round++) {
    const title = `${tier.name} --seed ${seed + round}`
    console.log(`\n== ${title}, twice at once`)
    const copies = [runOnce(title, seed + round, true), runOnce(`${title} beside`, seed + round)]
    rows.push(...(await Promise.all(copies)))
  }
  const title = `${tier.name} --seed ${seed + times} busy`
  console.log(`\n== ${title}: with a processor busy`)
  const load = spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' })
  const kill = () => load.kill('SIGKILL')
  process.once('exit', kill)
  rows.push(await runOnce(title, seed + times, true))
  process.off('exit', kill)
  kill()
  return rows
}
