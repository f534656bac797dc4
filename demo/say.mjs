/** @param {string} text */
export function step(text) {
  console.log(`\n-- ${text}`)
}

/**
 * Rows under a head, in columns as wide as what they hold.
 *
 * @param {string[]} head
 * @param {string[][]} rows
 */
export function table(head, rows) {
  const all = [head, ...rows]
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)))
  const line = (/** @type {string[]} */ row) =>
    widths.map((width, column) => (row[column] ?? '').padEnd(width)).join('  ')
  const rule = widths.map((width) => '-'.repeat(width)).join('  ')
  console.log(
    [line(head), rule, ...rows.map(line)].map((text) => `   ${text.trimEnd()}`).join('\n'),
  )
}

/** @param {number} bytes */
export function amount(bytes) {
  return `${(bytes / 2 ** 20).toFixed(2)} MiB`
}
