// Makes the table of docs/netlink.md from what the tiers ynl-6.12 and ynl-newest kept: node scripts/ynl-table.mjs RELEASE ROWS...
// where ROWS is what `WGCTRL_YNL_ROWS` named in that run.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './packages.mjs'

/**
 * @typedef {{ family: string, operation: string, how: 'do' | 'dump' | 'notification', messages: number, refused?: string,
 *   isEqual: boolean }} Row
 */

const page = join(root, 'docs/netlink.md')
const [begin, end] = ['<!-- table -->', '<!-- end of the table -->']

const words = process.argv.slice(2)
const runs = words.flatMap((release, at) => {
  const file = words[at + 1]
  return at % 2 === 0 && file ? [{ release, rows: readRows(file) }] : []
})
if (runs.length === 0)
  throw new Error('usage: node scripts/ynl-table.mjs RELEASE ROWS [RELEASE ROWS]...')
const text = readFileSync(page, 'utf8')
const [head = '', rest = ''] = text.split(begin)
const [, tail = ''] = rest.split(end)
writeFileSync(page, `${head}${begin}\n${table()}${end}${tail}`)

/**
 * @param {string} file
 * @returns {Row[]}
 */
function readRows(file) {
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}

function table() {
  const families = [...new Set(runs.flatMap(({ rows }) => rows.map(({ family }) => family)))]
  const releases = runs.map(({ release }) => `Linux ${release}`)
  const lines = [
    ['family', 'listed', 'called', 'heard', ...releases],
    Array.from({ length: 4 + runs.length }, () => '---'),
    ...families.map((family) => [
      `\`${family}\``,
      .../** @type {const} */ (['dump', 'do', 'notification']).map((how) =>
        operations(family, how),
      ),
      ...runs.map(({ rows }) => verdict(rows.filter((row) => row.family === family))),
    ]),
  ]
  return lines.map((cells) => `| ${cells.join(' | ')} |\n`).join('')
}

/**
 * @param {string} family
 * @param {Row['how']} how
 */
function operations(family, how) {
  const all = runs.flatMap(({ rows }) => rows)
  const found = all.filter((row) => row.family === family && row.how === how)
  return [...new Set(found.map(({ operation }) => operation))].join(', ')
}

/** @param {Row[]} rows */
function verdict(rows) {
  if (rows.length === 0) return 'not asked'
  const messages = rows.reduce((sum, row) => sum + row.messages, 0)
  const refused = rows.filter((row) => row.refused !== undefined).length
  const different = rows.filter((row) => !row.isEqual).map(({ operation }) => operation)
  const equal = different.length === 0 ? 'equal' : `not equal: ${different.join(', ')}`
  return `${equal}; ${messages} messages, ${refused} refusals`
}
