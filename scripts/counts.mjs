import { existsSync, readFileSync } from 'node:fs'

/** @typedef {{ passed: number, failed: number, on?: string }} Counts `on`: the kernel that was booted for it */

/**
 * Adds a failure that no test stands for.
 *
 * @param {Counts} counts
 * @param {string} why
 * @returns {Counts}
 */
export function oneMoreFailure({ passed, failed }, why) {
  console.log(`FAILED: ${why}`)
  return { passed, failed: failed + 1 }
}

/**
 * Reads vitest's JSON report. A file that did not load is a failure, and so is a test that was
 * skipped or is still to be written.
 *
 * @param {string} path
 * @returns {Counts | undefined} `undefined`: there is no report
 */
export function countVitest(path) {
  if (!existsSync(path)) return undefined
  const { testResults } = JSON.parse(readFileSync(path, 'utf8'))
  let counts = { passed: 0, failed: 0 }
  for (const { name, status, assertionResults } of testResults) {
    for (const test of assertionResults) {
      if (test.status === 'passed') counts.passed += 1
      else if (test.status === 'failed') counts.failed += 1
      else counts = oneMoreFailure(counts, `${test.status}, not run: ${name}: ${test.fullName}`)
    }
    const hasFailure = assertionResults.some((/** @type {any} */ test) => test.status === 'failed')
    if (status === 'failed' && !hasFailure) counts = oneMoreFailure(counts, `${name} broke`)
  }
  return counts
}

/**
 * Reads the sums at the end of node:test's TAP report, by the same rules.
 *
 * @param {string} path
 * @returns {Counts | undefined} `undefined`: there is no whole report
 */
export function countNodeTests(path) {
  if (!existsSync(path)) return undefined
  const sums = Object.fromEntries(
    [...readFileSync(path, 'utf8').matchAll(/^# (\w+) (\d+)$/gm)].map(([, name, sum]) => [
      name,
      Number(sum),
    ]),
  )
  const { pass, fail, cancelled, skipped, todo } = sums
  if (pass === undefined) return undefined
  let counts = { passed: pass, failed: fail + cancelled }
  for (let i = 0; i < skipped + todo; i++) {
    counts = oneMoreFailure(counts, 'a test was skipped or is still to be written')
  }
  return counts
}
