// What npm shows of each package: where its source is, in its manifest and in the links of its README. The one place
// that says it is `repository` in the package.json of the root; this writes it wherever else it stands.
// `--publish`: refuses while nobody owns the repository.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runWell } from './command.mjs'
import { LINK } from './links.mjs'
import { readManifest, readPackages, root } from './packages.mjs'

/** No name that GitHub gives: as long as it stands, no link leads to a stranger. */
const NOBODY = 'OWNER_TO_SET'

/** A page of the repository, in whatever file names one. */
const PAGE = /github\.com\/(?<owner>[^/\s]+)\/wgctrl(?![\w-])/g

if (process.argv[1] === fileURLToPath(import.meta.url)) await main()

async function main() {
  if (process.argv.includes('--publish')) return refuseNobody()
  for (const { directory } of readPackages()) {
    const path = join(directory, 'package.json')
    writeFileSync(path, `${JSON.stringify(withSource(path), undefined, 2)}\n`)
  }
  for (const path of await filesWithPages()) {
    const text = readFileSync(path, 'utf8')
    writeFileSync(path, text.replaceAll(PAGE, `github.com/${owner()}/wgctrl`))
  }
}

function refuseNobody() {
  if (owner() !== NOBODY) return
  console.error(`package.json: repository names no owner but ${NOBODY}: set it, and run`)
  console.error('node scripts/npm-pages.mjs')
  process.exitCode = 1
}

/** Who owns the repository. */
function owner() {
  const { repository } = readManifest(join(root, 'package.json'))
  const [, name] = /^git\+https:\/\/github\.com\/([^/]+)\/wgctrl\.git$/.exec(repository.url) ?? []
  if (!name) throw new Error(`package.json: repository is on GitHub, and called wgctrl`)
  return name
}

/**
 * A package's manifest with what npm shows of its source.
 *
 * @param {string} path
 */
function withSource(path) {
  const { author, repository } = readManifest(join(root, 'package.json'))
  const page = `https://github.com/${owner()}/wgctrl`
  const directory = relative(root, dirname(path))
  const { name, version, description, keywords, license, ...others } = readManifest(path)
  const source = {
    homepage: `${page}/tree/main/${directory}#readme`,
    bugs: { url: `${page}/issues` },
    repository: { ...repository, directory },
    author,
    publishConfig: { access: 'public', provenance: true },
  }
  return { name, version, description, keywords, license, ...source, ...without(others, source) }
}

/**
 * @param {Record<string, unknown>} fields
 * @param {Record<string, unknown>} names
 */
function without(fields, names) {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !(name in names)))
}

/** All files of the repository but this that name a page of it. */
async function filesWithPages() {
  const command = ['grep', '--untracked', '-lE', 'github[.]com/[^/ ]+/wgctrl\\b']
  const files = await runWell('git', command, { cwd: root })
  const others = files.trim().split('\n')
  return others
    .map((file) => join(root, file))
    .filter((path) => path !== fileURLToPath(import.meta.url))
}

/**
 * What npm would show wrong: manifests and links that name another repository, and links that it cannot follow.
 *
 * @returns {Promise<string[]>}
 */
export async function wrongNpmPages() {
  const packages = readPackages()
  const manifests = packages.flatMap(({ name, directory, manifest }) => {
    const path = join(directory, 'package.json')
    return JSON.stringify(withSource(path)) === JSON.stringify(manifest)
      ? []
      : [`${name}: manifest`]
  })
  const owners = (await filesWithPages()).flatMap((path) => {
    const text = readFileSync(path, 'utf8')
    const others = [...text.matchAll(PAGE)].filter(({ groups }) => groups?.['owner'] !== owner())
    return others.map(([page]) => `${relative(root, path)}: ${page}`)
  })
  return [...manifests, ...owners, ...packages.flatMap(({ directory }) => deadLinks(directory))]
}

/**
 * Links of a package's README that lead nowhere from npm: those that are relative, and those to what the repository
 * does not have.
 *
 * @param {string} directory
 */
function deadLinks(directory) {
  const readme = join(directory, 'README.md')
  const targets = [...readFileSync(readme, 'utf8').matchAll(LINK)].map(
    ({ groups }) => groups?.['target'] ?? '',
  )
  const dead = targets.filter((target) => {
    const file = /github\.com\/[^/]+\/wgctrl\/(?:blob|raw|tree)\/main\/([^#]+)/.exec(target)?.[1]
    return file === undefined ? !/^(?:https:|#)/.test(target) : !existsSync(join(root, file))
  })
  return dead.map((target) => `${relative(root, readme)}: ${target}`)
}
