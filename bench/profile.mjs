import { Session } from 'node:inspector/promises'

/** @typedef {import('./interleave.mjs').Contender} Contender */

/**
 * Where the time of a call went.
 *
 * @typedef {object} Share
 * @property {string} name of a function, or in brackets what V8 calls everything else
 * @property {number} percent of the samples that were taken
 */

const ROUNDS = 5
const SHOWN = 10
/** Microseconds between two samples. */
const INTERVAL = 500

/**
 * The functions, without those that they call, that calls spend most of their time in.
 *
 * @param {Contender} contender
 * @returns {Promise<Share[]>}
 */
export async function profile({ prepare, run }) {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.setSamplingInterval', { interval: INTERVAL })
  /** @type {Map<string, number>} */
  const samples = new Map()
  for (let round = 0; round < ROUNDS; round++) {
    await prepare?.()
    await session.post('Profiler.start')
    await run()
    const stopped = await session.post('Profiler.stop')
    for (const { callFrame, hitCount = 0 } of stopped.profile.nodes) {
      const name = callFrame.functionName || '(anonymous)'
      samples.set(name, (samples.get(name) ?? 0) + hitCount)
    }
  }
  session.disconnect()
  return largest(samples)
}

/** @param {Map<string, number>} samples */
function largest(samples) {
  let all = 0
  for (const count of samples.values()) all += count
  return [...samples]
    .sort(([, one], [, other]) => other - one)
    .slice(0, SHOWN)
    .map(([name, count]) => ({ name, percent: (100 * count) / all }))
}
