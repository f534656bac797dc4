const BLOCKS = '▁▂▃▄▅▆▇█'
/** For terminals that have ASCII alone. */
const MARKS = '_.:-=+*#'

/**
 * Numbers as a row of bars, the newest on the right, the highest as high as bars go. What is 0 has no bar.
 *
 * @param width characters; older numbers are left out, missing ones are blank
 */
export function sparkline(values: readonly number[], width: number, hasUnicode = true): string {
  const bars = hasUnicode ? BLOCKS : MARKS
  const shown = width > 0 ? values.slice(-width) : []
  const highest = Math.max(0, ...shown)
  const text = shown.map((value) => {
    if (!(value > 0)) return ' '
    return bars[Math.ceil((value / highest) * bars.length) - 1] ?? bars[0]
  })
  return text.join('').padStart(Math.max(0, width))
}
