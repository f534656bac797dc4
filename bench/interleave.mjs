import { summarize } from './statistics.mjs'

/** @typedef {{ name: string, run: () => unknown, prepare?: () => unknown }} Contender */

/**
 * Runs contenders in turn, round by round, so that what disturbs the machine disturbs them all. Each
 * round begins with another one. The first round warms up and is not counted,
 * where there is more than one.
 *
 * @param {Contender[]} contenders `prepare` is not timed
 * @param {{ rounds: number, atLeast: number, seconds: number, collects: boolean }} limits rounds end
 *   early when `seconds` are over and `atLeast` of them were counted; `collects`: garbage, in between
 */
export async function interleave(contenders, { rounds, atLeast, seconds, collects }) {
  /** @type {Map<string, number[]>} */
  const samples = new Map(contenders.map(({ name }) => [name, []]))
  const started = performance.now()
  for (let round = rounds > 1 ? 0 : 1; round <= rounds; round++) {
    if (round > atLeast && performance.now() - started > seconds * 1000) break
    for (let turn = 0; turn < contenders.length; turn++) {
      const { name, run, prepare } = contenders[(round + turn) % contenders.length]
      await prepare?.()
      // One contender's garbage is not the next one's work, where there is much of it. A full collection
      // would throw away hidden classes without instances, and the code that was compiled for them.
      if (collects) globalThis.gc?.({ type: 'minor' })
      const begun = performance.now()
      await run()
      if (round > 0) samples.get(name)?.push(performance.now() - begun)
    }
  }
  return Object.fromEntries([...samples].map(([name, list]) => [name, summarize(list)]))
}
