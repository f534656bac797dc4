// The tier `site`: the documentation as it would be put on a server.
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { buildSite } from './docs.mjs'
import { readPackages, root } from './packages.mjs'

const HREF = /\b(?:href|src)="(?<target>[^"]*)"/g
const ID = /\bid="([^"]*)"/g

describe('site', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wgctrl-site-'))
  /** @type {Map<string, string>} texts by paths */
  let pages = new Map()

  before(async () => {
    await buildSite(folder)
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    const html = files.filter((file) => file.endsWith('.html') && !file.startsWith('media'))
    pages = new Map(html.map((file) => [file, readFileSync(join(folder, file), 'utf8')]))
  })

  after(() => rmSync(folder, { recursive: true }))

  it('has one page for each of docs/, under its heading', () => {
    const documents = [...pages].filter(([path]) => path.startsWith('documents'))
    const text = documents.map(([, page]) => page).join('\n')
    const docs = readdirSync(join(root, 'docs')).filter((file) => file.endsWith('.md'))
    assert.ok(docs.length > 10)
    for (const file of docs) {
      const [, heading = ''] = /^# (.+)/m.exec(readFileSync(join(root, 'docs', file), 'utf8')) ?? []
      const title = heading.replaceAll('`', '').replaceAll('&', '&amp;').replaceAll("'", '&#39;')
      assert.equal(
        text.split(`<title>${title} | wgctrl</title>`).length - 1,
        1,
        `${file}: ${title}`,
      )
    }
  })

  it('has a page for each way into a package', () => {
    const entries = readPackages().flatMap(({ name, manifest }) =>
      Object.keys(manifest.exports)
        .filter((path) => path !== './package.json' && name !== '@wgctrl/cli')
        .map((path) => `${name}${path.slice(1)}`),
    )
    const index = pages.get('modules.html') ?? ''
    for (const entry of entries) assert.ok(index.includes(`>${entry}<`), entry)
  })

  it('has every example, as a text that a browser shows', () => {
    const page = pages.get('documents/Examples.html') ?? ''
    const programs = readdirSync(join(root, 'examples')).filter((file) => file.endsWith('.ts'))
    assert.ok(programs.length > 10)
    for (const file of programs) assert.ok(page.includes(`media/${file}.txt"`), file)
    assert.match(page, /href="A_panel\.html"/)
    const others = readdirSync(join(folder, 'media')).filter((file) => /\.(ts|mjs|sh)$/.test(file))
    assert.deepEqual(others, [])
  })

  it('has no link that leads nowhere', () => {
    const broken = [...pages].flatMap(([page, text]) =>
      [...text.matchAll(HREF)]
        .map(({ groups }) => groups?.['target'] ?? '')
        .filter((target) => !leadsSomewhere(page, target))
        .map((target) => `${page}: ${target}`),
    )
    assert.ok(pages.size > 100)
    assert.deepEqual(broken, [])
  })

  /**
   * @param {string} page
   * @param {string} target
   */
  function leadsSomewhere(page, target) {
    if (/^(?:[a-z]+:|\/\/)/.test(target)) return true
    const [path = '', id] = decodeURIComponent(target).replaceAll('&amp;', '&').split('#')
    const file = path === '' ? page : relative(folder, join(folder, dirname(page), path))
    if (!existsSync(join(folder, file))) return false
    const text = pages.get(file)
    return id === undefined || id === '' || text === undefined || idsOf(text).has(id)
  }

  /** @type {Map<string, Set<string>>} */
  const ids = new Map()

  /** @param {string} text */
  function idsOf(text) {
    const known = ids.get(text) ?? new Set([...text.matchAll(ID)].map(([, id]) => `${id}`))
    ids.set(text, known)
    return known
  }
})
