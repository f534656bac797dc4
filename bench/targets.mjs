import { largest } from './shapes.mjs'

/**
 * @typedef {import('./statistics.mjs').Summary} Summary
 * @typedef {{ peers: number, allowedIPs: number, reads: Record<string, Summary>,
 *   writes: Record<string, Summary>, memory: Record<string, number>,
 *   loop?: Record<string, { idle: Stretch, repeats: Stretch[] }>,
 *   profiles?: Record<string, import('./profile.mjs').Share[]> }} Row
 * @typedef {{ delay: number, work: number }} Stretch milliseconds; see process.mjs
 * @typedef {{ kind: string, rows: Row[] }} Result
 * @typedef {{ name: string, limit: number, unit?: string, value: (find: Find, of?: Statistic) => number | undefined }} Target
 * @typedef {'median' | 'least'} Statistic
 * @typedef {(kind: string, peers: number) => Row | undefined} Find
 */

/** What is promised: ratios of medians in one run, megabytes and milliseconds. @type {Target[]} */
export const targets = [
  ...[10_000, 100_000].map((peers) => ({
    name: `kernel, ${words(peers)}: device() / wg show dump`,
    limit: 0.5,
    value: ratio('kernel', peers, 'reads', 'device()', 'wg show dump'),
  })),
  ...[10_000, 100_000].map((peers) => ({
    name: `kernel, ${words(peers)}: device() / bare read`,
    limit: 3.5,
    value: ratio('kernel', peers, 'reads', 'device()', 'bare read'),
  })),
  ...[10_000, 100_000].map((peers) => ({
    name: `kernel, ${words(peers)}: peers() / bare read`,
    limit: 3,
    value: ratio('kernel', peers, 'reads', 'peers()', 'bare read'),
  })),
  {
    name: 'kernel, 10,000 peers: configure() / wg setconf',
    limit: 1,
    value: ratio('kernel', 10_000, 'writes', 'configure()', 'wg setconf'),
  },
  {
    name: 'wireguard-go, 10,000 peers: device() / bare read',
    limit: 1.5,
    value: ratio('userspace', 10_000, 'reads', 'device()', 'bare read'),
  },
  {
    name: 'wireguard-go, 10,000 peers: device() / wg show dump',
    limit: 0.8,
    value: ratio('userspace', 10_000, 'reads', 'device()', 'wg show dump'),
  },
  .../** @type {const} */ (['kernel', 'userspace']).flatMap((kind) => [
    {
      name: `${label(kind)}, 1 peer: device() / wg show dump`,
      limit: 0.05,
      value: ratio(kind, 1, 'reads', 'device()', 'wg show dump'),
    },
    {
      name: `${label(kind)}, ${words(largest[kind])}, 10 changes: sync() / device()`,
      limit: 1.3,
      value: ratio(kind, largest[kind], 'reads', 'sync()', 'device()'),
    },
    {
      name: `${label(kind)}, ${words(largest[kind])}: growth of peers()`,
      limit: 40,
      unit: 'MB',
      value: (/** @type {Find} */ find) => find(kind, largest[kind])?.memory['peers()'],
    },
    {
      name: `${label(kind)}, ${words(largest[kind])}: growth of device()`,
      limit: 250,
      unit: 'MB',
      value: (/** @type {Find} */ find) => find(kind, largest[kind])?.memory['device()'],
    },
    {
      name: `${label(kind)}, device(): cost of a peer of ${largest[kind].toLocaleString('en')} / of 1,000`,
      limit: 1.3,
      value: growthOfCost(kind),
    },
    ...['device()', 'peers()', 'configure()'].map((action) => ({
      name: `${label(kind)}, ${words(largest[kind])}: longest stretch of ${action}`,
      limit: 10,
      unit: 'ms',
      value: longestStretch(kind, action),
    })),
  ]),
]

/** @param {string} kind */
export function label(kind) {
  return kind === 'userspace' ? 'wireguard-go' : kind
}

/**
 * @param {string} kind
 * @param {number} peers
 * @param {'reads' | 'writes'} group
 * @param {string} ours
 * @param {string} other
 * @returns {Target['value']}
 */
function ratio(kind, peers, group, ours, other) {
  return (find, of = 'median') => {
    const row = find(kind, peers)?.[group]
    return row?.[ours] && row[other] && row[ours][of] / row[other][of]
  }
}

/**
 * @param {'kernel' | 'userspace'} kind
 * @returns {Target['value']}
 */
function growthOfCost(kind) {
  return (find, of = 'median') => {
    const [many, few] = [largest[kind], 1_000].map((peers) => find(kind, peers)?.reads['device()'])
    return many && few && many[of] / largest[kind] / (few[of] / 1_000)
  }
}

/**
 * The least of the repeats' longest: what our own code does is in each of them, the machine's pauses
 * are not.
 *
 * @param {'kernel' | 'userspace'} kind
 * @param {string} action
 * @returns {Target['value']}
 */
function longestStretch(kind, action) {
  return (find) => {
    const loop = find(kind, largest[kind])?.loop?.[action]
    return loop && Math.min(...loop.repeats.map(({ work }) => work))
  }
}

/** @param {number} peers */
function words(peers) {
  return `${peers.toLocaleString('en')} peers`
}
