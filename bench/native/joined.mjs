/**
 * @typedef {import('./report.mjs').Run} Run
 * @typedef {import('./report.mjs').Measure} Measure
 */

/**
 * The median process: of each of their medians and quartiles the median.
 *
 * @param {Run[]} runs
 * @param {string} name
 * @param {Measure} measure
 * @returns {{ median: number, low: number, high: number } | undefined}
 */
export function joined(runs, name, measure) {
  const found = runs.flatMap(({ result }) => result[name]?.[measure] ?? [])
  if (found.length === 0) return undefined
  const middle = (/** @type {'median' | 'low' | 'high'} */ field) =>
    found.map((summary) => summary[field]).sort((a, b) => a - b)[found.length >> 1] ?? 0
  return { median: middle('median'), low: middle('low'), high: middle('high') }
}
