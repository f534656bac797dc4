import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../../scripts/packages.mjs'

const marker = '<!-- example: consumer -->'

/** The example that README.md promises to run as it stands: the first fence below the marker. */
export function readExample() {
  const text = readFileSync(join(root, 'README.md'), 'utf8')
  const [, below] = text.split(marker)
  assert.ok(below !== undefined, `README.md has ${marker}`)
  const fence = /^```(?:ts|typescript|js|javascript|mjs)\n(.*?)^```$/ms.exec(below)
  assert.ok(fence?.[1], 'a TypeScript or JavaScript fence follows the marker')
  return fence[1]
}

/**
 * Rewrites a module as a CommonJS script, by the letter: imports become requires, and a function
 * stands around the rest for the sake of its `await`.
 *
 * @param {string} source
 */
export function asCommonJs(source) {
  /** @type {string[]} */
  const requires = []
  const body = source.replaceAll(
    /^import\s+(?<names>[^'"]+?)\s+from\s+(?<from>'[^']+'|"[^"]+");?$/gm,
    (_match, names, from) => {
      requires.push(`const ${asPattern(names)} = require(${from})`)
      return ''
    },
  )
  assert.doesNotMatch(body, /^(import|export)\b/m, 'the example imports by name alone')
  const catcher = 'error => { console.error(error); process.exit(1) }'
  return `${requires.join('\n')}\n;(async () => {\n${body}\n})().catch(${catcher})\n`
}

/**
 * What stands between `import` and `from`, as a pattern of `const`.
 *
 * @param {string} names
 */
function asPattern(names) {
  if (names.startsWith('{')) return names.replaceAll(/\s+as\s+/g, ': ')
  const [, all] = /^\*\s+as\s+(\w+)$/.exec(names) ?? []
  assert.ok(all, `the example has no default import: ${names}`)
  return all
}
