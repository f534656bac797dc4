import { short, table } from '../report.mjs'
import { nameOf } from '../shapes.mjs'
import { joined } from './joined.mjs'
import { BEFORE } from './library.mjs'
import { PICOSECONDS } from './machine.mjs'
import { targets } from './targets.mjs'

/**
 * @typedef {import('../statistics.mjs').Summary} Summary
 * @typedef {{ wall: Summary, processor: Summary }} Sample
 * @typedef {{ result: Record<string, Sample>, profiles?: Record<string, import('../profile.mjs').Share[]> }} Run
 *   of one process
 * @typedef {{ kind: string, peers: number, allowedIPs: number, isBusy?: boolean, reads: Run[], writes: Run[],
 *   memory?: Record<string, number>, loop?: Record<string, { repeats: { work: number }[] }> }} Row
 * @typedef {{ date: string, processors: number, model: string, node: string, load: number[], against?: string,
 *   rows: Row[], startup?: Run }} Results
 */

/** @typedef {'wall' | 'processor'} Measure */

/**
 * The measurements as Markdown.
 *
 * @param {Results} results
 */
export function report(results) {
  const { rows, startup } = results
  const kinds = ['kernel', 'userspace'].flatMap((kind) => {
    const those = rows.filter((row) => row.kind === kind && row.reads.length > 0)
    const title = kind === 'kernel' ? 'kernel, replayed' : 'wireguard-go'
    return [
      timeTable(`${title}: reading, ms`, those, 'reads', 'wall'),
      timeTable(`${title}: reading, ms on the processor`, those, 'reads', 'processor'),
      timeTable(`${title}: writing, the client's work alone, ms`, those, 'writes', 'wall'),
      timeTable(`${title}: writing, ms on the processor`, those, 'writes', 'processor'),
    ]
  })
  return [
    machineOf(results),
    '',
    ...kinds,
    startup ? startupTable(startup) : '',
    processTable(rows),
    profileTable(rows),
    targetTable(results),
  ]
    .filter((text) => text !== '')
    .join('\n')
}

/** @param {Results} results */
function machineOf({ date, processors, model, node, load, against }) {
  const range = load.map((value) => value.toFixed(1)).join(' to ')
  const beside = against ? `; "before" is commit ${against}` : ''
  return (
    `${date.slice(0, 10)}, ${processors} processors (${model}), Node ${node}, load average from ${range}; ` +
    `a byte of a kernel's dump takes ${PICOSECONDS / 1000} ns${beside}\n`
  )
}

/** Ours come first, each build beside the other. */
const ORDER = ['device()', 'peers()', 'sync({ dryRun })', 'configure()', 'bare read', 'wg']

/** @param {string} name */
function place(name) {
  const at = ORDER.findIndex((start) => name.startsWith(start))
  return at + (name.endsWith(BEFORE) ? 0.5 : 0)
}

function timeTable(title, rows, group, measure) {
  const measured = rows.filter((row) => row[group].length > 0)
  if (measured.length === 0) return ''
  const names = [...new Set(measured.flatMap((row) => Object.keys(row[group][0].result)))].sort(
    (one, other) => place(one) - place(other),
  )
  const lines = measured.map((row) => [
    `${nameOf(row)}${row.isBusy ? ', busy' : ''}`,
    ...names.map((name) => cell(joined(row[group], name, measure))),
  ])
  return table(title, ['peers × allowed IPs', ...names], lines)
}

function cell(summary) {
  if (!summary) return ''
  return `${short(summary.median)} (${short(summary.low)}–${short(summary.high)})`
}

/** @param {Run} run */
function startupTable(run) {
  const lines = Object.keys(run.result).map((name) => [
    name,
    cell(joined([run], name, 'wall')),
    cell(joined([run], name, 'processor')),
  ])
  return table('The command, from its start to its end, ms', ['', 'wall', 'processor'], lines)
}

/** @param {Row[]} rows */
function processTable(rows) {
  const lines = rows.flatMap((row) =>
    Object.entries(row.memory ?? {}).map(([name, growth]) => [
      nameOf(row),
      name,
      short(growth),
      (row.loop?.[name]?.repeats ?? []).map(({ work }) => short(work)).join(', '),
    ]),
  )
  if (lines.length === 0) return ''
  const head = [
    'peers × allowed IPs',
    'call',
    'growth, MB',
    'longest work in one turn, each run, ms',
  ]
  return table('kernel, replayed: a process of its own', head, lines)
}

/** @param {Row[]} rows */
function profileTable(rows) {
  const lines = rows.flatMap((row) =>
    [...row.reads, ...row.writes].flatMap(({ profiles = {} }) =>
      Object.entries(profiles).map(([name, shares]) => [
        `${row.kind}, ${nameOf(row)}${row.isBusy ? ', busy' : ''}`,
        name,
        shares.map((share) => `${share.name} ${share.percent.toFixed(0)}%`).join(', '),
      ]),
    ),
  )
  if (lines.length === 0) return ''
  const head = ['peers × allowed IPs', 'call', 'share of the time']
  return table('Functions that take longest, without those that they call', head, lines)
}

/** @param {Results} results */
function targetTable(results) {
  const lines = targets.flatMap(({ name, limit, unit = '', value }) => {
    const [found, before] = ['', BEFORE].map((suffix) => value(results, suffix))
    if (found === undefined || Number.isNaN(found)) return []
    const earlier = before === undefined || Number.isNaN(before) ? '' : short(before)
    return [
      [
        name,
        earlier,
        `${short(found)} ${unit}`,
        `≤ ${limit} ${unit}`,
        found <= limit ? 'met' : 'NOT MET',
      ],
    ]
  })
  return table('Targets', ['', 'before', 'now', 'target', ''], lines)
}
