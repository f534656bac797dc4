import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { root } from './packages.mjs'

const LINK = /\[([^\]]+)\]\(([^)\s]+\.(?:ts|mjs))\)/g

/**
 * What is wrong with a page of promises: each item of its lists has to end with links to tests, by title,
 * and these have to be there.
 *
 * @param {string} page a path from the root
 * @returns {string[]}
 */
export function brokenPromises(page) {
  const text = readFileSync(join(root, page), 'utf8')
  const items = text
    .split(/\n(?=- )/)
    .slice(1)
    .map((item) => item.split('\n\n')[0] ?? '')
  if (items.length === 0) return [`${page} promises nothing`]
  return items.flatMap((item) => {
    const links = [...item.replaceAll(/\s+/g, ' ').matchAll(LINK)]
    if (links.length === 0) return [`no test is named: ${item}`]
    return links.flatMap(([, title = '', file = '']) => {
      const path = join(root, dirname(page), file)
      if (!existsSync(path)) return [`${file} is not there: ${item}`]
      return hasTest(readFileSync(path, 'utf8'), title) ? [] : [`${file} has no test "${title}"`]
    })
  })
}

/**
 * @param {string} source
 * @param {string} title
 */
function hasTest(source, title) {
  return ["'", '"', '`'].some((quote) => source.includes(`${quote}${title}${quote}`))
}
