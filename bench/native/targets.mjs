import { largest } from '../shapes.mjs'
import { joined } from './joined.mjs'
import { BEFORE } from './library.mjs'

/**
 * @typedef {import('./report.mjs').Results} Results
 * @typedef {import('./report.mjs').Measure} Measure
 * @typedef {object} Target
 * @property {string} name
 * @property {number} limit
 * @property {string} [unit]
 * @property {(results: Results, suffix: string) => number | undefined} value of this build, or of the one before
 */

/** What is promised of medians of one run. @type {Target[]} */
export const targets = [
  reads('kernel', 10_000, 'device()', 'wg show dump', 0.35),
  reads('kernel', 100_000, 'device()', 'wg show dump', 0.75),
  reads('kernel', 100_000, 'peers()', 'wg show dump', 0.45),
  reads('kernel', 10_000, 'device()', 'bare read', 1.5),
  writes(10_000),
  writes(100_000),
  {
    name: 'kernel, 100,000 busy peers: processor time of device() / before',
    limit: 0.5,
    value: (results, suffix) => {
      const row = rowOf(results, 'kernel', 100_000, true)
      const before = row && joined(row.reads, `device()${BEFORE}`, 'processor')?.median
      const own = row && joined(row.reads, `device()${suffix}`, 'processor')?.median
      return own !== undefined && before !== undefined ? own / before : undefined
    },
  },
  reads('kernel', 1, 'device()', 'wg show dump', 0.05),
  reads('userspace', 10_000, 'device()', 'wg show dump', 0.7),
  reads('userspace', 10_000, 'device()', 'bare read', 1.4),
  reads('kernel', largest.kernel, 'sync({ dryRun })', 'device()', 1.15),
  reads('userspace', largest.userspace, 'sync({ dryRun })', 'device()', 1.25),
  {
    name: 'kernel, 100,000 peers: growth of device()',
    limit: 55,
    unit: 'MB',
    value: (results, suffix) => rowOf(results, 'kernel', 100_000)?.memory?.[`device()${suffix}`],
  },
  ...['device()', 'peers()', 'configure()'].map((call) => ({
    name: `kernel, 100,000 peers: longest turn of ${call}`,
    limit: 10,
    unit: 'ms',
    value: longestTurn(call),
  })),
  {
    name: 'wgctrl show wg0 / node -e 0',
    limit: 1.25,
    value: (/** @type {Results} */ { startup }, /** @type {string} */ suffix) => {
      const of = (name) => startup && joined([startup], name, 'wall')?.median
      const [show, node] = [of(`wgctrl show wg0${suffix}`), of('node -e 0')]
      return show !== undefined && node !== undefined ? show / node : undefined
    },
  },
]

function rowOf({ rows }, kind, peers, isBusy = false) {
  return rows.find(
    (row) =>
      row.kind === kind && row.peers === peers && row.allowedIPs === 2 && !!row.isBusy === isBusy,
  )
}

/** @returns {Target} */
function reads(kind, peers, ours, other, limit) {
  const label = kind === 'userspace' ? 'wireguard-go' : kind
  return {
    name: `${label}, ${peers.toLocaleString('en')} peers: ${ours} / ${other}`,
    limit,
    value: (results, suffix) => ratio(rowOf(results, kind, peers)?.reads, ours, other, suffix),
  }
}

/** @returns {Target} */
function writes(peers) {
  return {
    name: `kernel, ${peers.toLocaleString('en')} peers: configure() / wg setconf, the client's work`,
    limit: 1,
    value: (results, suffix) =>
      ratio(rowOf(results, 'kernel', peers)?.writes, 'configure()', 'wg setconf', suffix),
  }
}

/** What is ours on both sides is of the same build. */
function ratio(runs = [], ours, other, suffix) {
  const own = joined(runs, `${ours}${suffix}`, 'wall')?.median
  const beside = joined(runs, other.endsWith(')') ? `${other}${suffix}` : other, 'wall')?.median
  return own !== undefined && beside !== undefined ? own / beside : undefined
}

/** The least of the runs' longest: the machine's own pauses are not in each of them. */
function longestTurn(call) {
  return (/** @type {Results} */ results, /** @type {string} */ suffix) => {
    const loop = rowOf(results, 'kernel', 100_000)?.loop?.[`${call}${suffix}`]
    return loop && Math.min(...loop.repeats.map(({ work }) => work))
  }
}
