import { nameOf } from './shapes.mjs'
import { label, targets } from './targets.mjs'

/** @typedef {import('./targets.mjs').Result} Result */

/**
 * The measurements as Markdown.
 *
 * @param {Result[]} results
 */
export function report(results) {
  return [...results.map(machineOf), '', ...results.flatMap(tables), targetTable(results)].join(
    '\n',
  )
}

/** A machine with other work gives long runs a smaller share than short ones: ratios suffer, too. */
function machineOf({ kind, machine, load = [] }) {
  const range = load.map((value) => value.toFixed(1)).join(' to ')
  return `- ${label(kind)}: ${machine}; load average of the host from ${range}`
}

/** @param {Result} result */
function tables({ kind, rows }) {
  const title = label(kind)
  return [
    timeTable(`${title}: reading, ms`, rows, 'reads'),
    timeTable(`${title}: writing, ms`, rows, 'writes'),
    memoryTable(`${title}: peak growth of the process, MB`, rows),
    loopTable(`${title}: longest stretches of the event loop, ms`, rows),
    profileTable(`${title}: functions that take longest, without those that they call`, rows),
  ]
}

function timeTable(title, rows, group) {
  const names = Object.keys(rows[0]?.[group] ?? {})
  const lines = rows.map((row) => [nameOf(row), ...names.map((name) => cell(row[group][name]))])
  return table(title, ['peers × allowed IPs', ...names], lines)
}

/** @param {import('./statistics.mjs').Summary | undefined} summary */
function cell(summary) {
  if (!summary) return ''
  const { median, low, high } = summary
  return `${short(median)} (${short(low)}–${short(high)})`
}

function memoryTable(title, rows) {
  const names = Object.keys(rows[0]?.memory ?? {})
  const lines = rows.map((row) => [nameOf(row), ...names.map((name) => short(row.memory[name]))])
  return table(title, ['peers × allowed IPs', ...names], lines)
}

function loopTable(title, rows) {
  const measured = rows.filter(({ loop }) => loop)
  const lines = measured.flatMap((row) =>
    Object.entries(row.loop).map(([name, { idle, repeats }]) => [
      nameOf(row),
      name,
      repeats.map(({ work }) => short(work)).join(', '),
      repeats.map(({ delay }) => short(delay)).join(', '),
      short(idle.delay),
    ]),
  )
  return table(
    title,
    [
      'peers × allowed IPs',
      'call',
      'work in one turn, each run',
      'delay of a timer',
      'its delay while idle',
    ],
    lines,
  )
}

function profileTable(title, rows) {
  const lines = rows.flatMap((row) =>
    Object.entries(row.profiles ?? {}).map(([name, shares]) => [
      nameOf(row),
      name,
      shares.map(share).join(', '),
    ]),
  )
  return table(title, ['peers × allowed IPs', 'call', 'share of the time'], lines)
}

/** @param {import('./profile.mjs').Share} share */
function share({ name, percent }) {
  return `${name} ${percent.toFixed(0)}%`
}

/** @param {Result[]} results */
function targetTable(results) {
  const find = (kind, peers) =>
    results.find((each) => each.kind === kind)?.rows.find((row) => row.peers === peers)
  const lines = targets.flatMap(({ name, limit, unit = '', value }) => {
    const found = value(find)
    if (found === undefined) return []
    const least = unit === '' ? short(value(find, 'least') ?? Number.NaN) : ''
    return [
      [
        name,
        `${short(found)} ${unit}`,
        least,
        `≤ ${limit} ${unit}`,
        found <= limit ? 'met' : 'NOT MET',
      ],
    ]
  })
  return table('Targets', ['', 'medians', 'fastest runs', 'target', ''], lines)
}

/**
 * @param {string} title
 * @param {string[]} head
 * @param {string[][]} lines
 */
export function table(title, head, lines) {
  const row = (cells) => `| ${cells.map((each) => each.trim()).join(' | ')} |`
  const rule = row(head.map((_, index) => (index === 0 ? '---' : '---:')))
  return [`### ${title}`, '', row(head), rule, ...lines.map(row), ''].join('\n')
}

/** @param {number} value */
export function short(value) {
  if (value >= 100) return Math.round(value).toLocaleString('en')
  return value >= 10 ? value.toFixed(1) : value.toFixed(2)
}
