import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { runWell } from './command.mjs'
import { root } from './packages.mjs'

/** A link or picture of a page. */
export const LINK = /\]\((?<target>[^)\s]+)\)/g

/** Fenced code, and code in a line: what looks like a link there is none. */
const CODE = /^(?<fence>```|~~~).*?^\k<fence>|`[^`\n]+`/gms

/**
 * Links of the repository's pages to files, headings and folders of it that are not there.
 *
 * @returns {Promise<string[]>}
 */
export async function brokenLinks() {
  const list = ['ls-files', '--cached', '--others', '--exclude-standard', '*.md']
  const pages = (await runWell('git', list, { cwd: root })).trim().split('\n')
  const here = pages.filter((page) => existsSync(join(root, page)))
  const broken = here.flatMap((page) =>
    targetsIn(page)
      .filter((target) => !leadsSomewhere(page, target))
      .map((target) => `${page}: ${target}`),
  )
  return here.length === 0 ? ['there are no pages'] : broken
}

/** @param {string} page */
function targetsIn(page) {
  const text = readFileSync(join(root, page), 'utf8').replaceAll(CODE, '')
  return [...text.matchAll(LINK)].map(({ groups }) => groups?.['target'] ?? '')
}

/**
 * @param {string} page
 * @param {string} target
 */
function leadsSomewhere(page, target) {
  if (/^[a-z]+:/.test(target)) return true
  const [file = '', heading] = target.split('#')
  const path = file === '' ? page : join(dirname(page), file)
  if (!existsSync(join(root, path))) return false
  if (heading === undefined || statSync(join(root, path)).isDirectory()) return true
  return headingsOf(path).includes(heading)
}

/**
 * The headings of a page, as GitHub and the site name them in addresses.
 *
 * @param {string} page
 */
function headingsOf(page) {
  const text = readFileSync(join(root, page), 'utf8').replaceAll(/^```.*?^```/gms, '')
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  )
}
