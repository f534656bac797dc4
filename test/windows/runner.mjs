// What the contract takes of vitest, for a machine that vitest does not run on: the same words, and its own `expect`.
import { setTimeout as sleep } from 'node:timers/promises'
import { format } from 'node:util'
import {
  Any,
  ArrayContaining,
  ASYMMETRIC_MATCHERS_OBJECT,
  GLOBAL_EXPECT,
  JestAsymmetricMatchers,
  JestChaiExpect,
  JestExtend,
  ObjectContaining,
  StringContaining,
  setState,
} from '@vitest/expect'
import * as chai from 'chai'

/** @typedef {() => any} Body */
/** @typedef {{ title: string, run: Body }} Test */
/** @typedef {{ title: string, before: Body[], after: Body[], children: (Suite | Test)[] }} Suite */

/** The last line: all was run. */
const END = 'the end'

/** Milliseconds that a test may take under wine. */
const PATIENCE = 120_000

for (const plugin of [JestExtend, JestChaiExpect, JestAsymmetricMatchers]) chai.use(plugin)

/**
 * @param {unknown} value
 * @param {string} [message]
 */
const expectation = (value, message) => chai.expect(value, message)
export const expect = Object.assign(expectation, globalThis[ASYMMETRIC_MATCHERS_OBJECT])
globalThis[GLOBAL_EXPECT] = expect
setState({ assertionCalls: 0 }, expect)
for (const [name, matcher] of Object.entries({
  any: (type) => new Any(type),
  arrayContaining: (items) => new ArrayContaining(items),
  objectContaining: (fields) => new ObjectContaining(fields),
  stringContaining: (text) => new StringContaining(text),
})) {
  Object.assign(expect, { [name]: matcher })
}

/** @type {Suite} */
const root = { title: '', before: [], after: [], children: [] }
let open = root
/** @type {Body[]} */
let finishers = []

/**
 * @param {string} title
 * @param {Body} body
 */
export function describe(title, body) {
  const outer = open
  /** @type {Suite} */
  const suite = { title, before: [], after: [], children: [] }
  outer.children.push(suite)
  open = suite
  body()
  open = outer
}

export const beforeAll = (/** @type {Body} */ body) => void open.before.push(body)
export const afterAll = (/** @type {Body} */ body) => void open.after.push(body)
export const onTestFinished = (/** @type {Body} */ body) => void finishers.push(body)

/**
 * @param {string} title
 * @param {Body} run
 */
export function it(title, run) {
  open.children.push({ title, run })
}

/** As vitest's: the words of printf in a title stand for the row. */
it.each =
  (/** @type {readonly any[]} */ rows) =>
  (/** @type {string} */ title, /** @type {(...row: any[]) => any} */ run) => {
    for (const row of rows) {
      const words = Array.isArray(row) && row.length > 0 ? row : [row]
      it(titleOf(title, words), () => run(...words))
    }
  }

/**
 * @param {string} title
 * @param {readonly any[]} words
 */
function titleOf(title, words) {
  return format(title, ...words.slice(0, title.match(/%[sdifjoO]/g)?.length ?? 0))
}

export const vi = {
  /**
   * @param {Body} check
   * @param {{ timeout: number }} options milliseconds
   */
  async waitFor(check, { timeout }) {
    for (const end = performance.now() + timeout; ; ) {
      try {
        return await check()
      } catch (error) {
        if (performance.now() > end) throw error
      }
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  },
}

/**
 * One after the other; a line of JSON for each.
 *
 * @param {Suite} suite
 * @param {string} path
 */
async function runAll(suite, path) {
  for (const body of suite.before) await body()
  for (const child of suite.children) {
    const title = [path, child.title].filter(Boolean).join(' > ')
    if ('children' in child) await runAll(child, title)
    else console.log(JSON.stringify({ title, ...(await outcome(child)) }))
  }
  for (const body of suite.after) await body()
}

/** @param {Test} test */
async function outcome({ run }) {
  finishers = []
  const late = new AbortController()
  try {
    await Promise.race([run(), tooLong(late.signal)])
    await finish()
    return {}
  } catch (error) {
    await finish().catch(() => {})
    return { error: error instanceof Error ? `${error.stack}` : format(error) }
  } finally {
    late.abort()
  }
}

async function finish() {
  for (const body of finishers.splice(0).reverse()) await body()
}

/** @param {AbortSignal} signal */
async function tooLong(signal) {
  await sleep(PATIENCE, undefined, { signal })
  throw new Error('it took too long')
}

// What was described by the time that the program has been read.
setImmediate(async () => {
  await runAll(root, '')
  console.log(JSON.stringify({ title: END }))
  process.exit()
})
