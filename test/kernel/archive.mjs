import { execFile as execFileWithCallback } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cacheDirectory } from './cache.mjs'
import { apt, findTool, note } from './requirements.mjs'

const execFile = promisify(execFileWithCallback)

/** Where Debian's suites are that are not those of this machine. */
export const mirror = 'http://deb.debian.org/debian'

/** Debian's packages of some suites, for what is downloaded and unpacked, and never installed. */
class Archive {
  #options

  /** @param {string[]} options of apt, which say where it looks */
  constructor(options = []) {
    this.#options = options
  }

  /** Learns what there is. Needs root, as apt does. */
  async update() {
    await apt([...this.#options, 'update'])
  }

  /**
   * The names that a regular expression of POSIX matches.
   *
   * @param {string} pattern
   * @returns {Promise<string[]>}
   */
  async names(pattern) {
    const lines = (await this.#cache('search', '--names-only', pattern)).split('\n')
    return lines.map((line) => line.split(' ')[0]).filter(Boolean)
  }

  /**
   * What the newest version of a package needs; nothing when there is no such package.
   *
   * @param {string} name
   * @returns {Promise<string[]>}
   */
  async dependencies(name) {
    const words = await this.#cache('depends', name).catch(() => '')
    return Array.from(words.matchAll(/Depends: (\S+)/g), ([, each]) => each)
  }

  /**
   * Downloads the newest version; apt checks signatures, and its SHA256 is checked here.
   *
   * @param {string} name
   * @param {string} folder made for it
   * @returns {Promise<{ file: string, package: string, version: string, sha256: string }>}
   */
  async download(name, folder) {
    const stanza = await this.#cache('show', '--no-all-versions', name)
    const [version, sha256, size] = ['Version', 'SHA256', 'Size'].map((field) =>
      fieldOf(stanza, field),
    )
    if (!sha256) throw new Error(`apt publishes no SHA256 of ${name} ${version}`)
    note(`downloading ${name} ${version}, ${Math.round(Number(size) / 1e6)} MB`)
    mkdirSync(folder)
    await apt([...this.#options, 'download', `${name}=${version}`], { cwd: folder })
    const file = join(folder, readdirSync(folder)[0])
    const actual = sha256Of(file)
    if (actual !== sha256) throw new Error(`${name}: SHA256 is ${actual}, published is ${sha256}`)
    return { file, package: name, version, sha256 }
  }

  async #cache(...args) {
    const env = { ...process.env, LC_ALL: 'C' }
    const options = { env, maxBuffer: 2 ** 26 }
    return (await execFile('apt-cache', [...this.#options, ...args], options)).stdout
  }
}

/** The suites that this machine's own packages come from. */
export const ownArchive = async () => {
  const archive = new Archive()
  await archive.update()
  return archive
}

/**
 * Debian's newer suites, whose lists are beside those of the machine: nothing of them can be installed by mistake.
 * Under the lock of the cache.
 */
export async function newerArchive() {
  const folder = join(cacheDirectory(), 'newer')
  const [sources, lists, cache] = ['sources', 'lists', 'cache'].map((name) => join(folder, name))
  for (const each of [sources, join(lists, 'partial'), join(cache, 'archives/partial')]) {
    mkdirSync(each, { recursive: true })
  }
  const words = [
    'Types: deb',
    `URIs: ${mirror}`,
    'Suites: trixie-backports sid',
    'Components: main',
  ]
  const signedBy = 'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg'
  writeFileSync(join(sources, 'newer.sources'), `${[...words, signedBy].join('\n')}\n`)
  const settings = {
    'Dir::Etc::SourceList': '/dev/null',
    'Dir::Etc::SourceParts': sources,
    'Dir::State::Lists': lists,
    'Dir::Cache': cache,
  }
  const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`])
  const archive = new Archive(options)
  await archive.update()
  return archive
}

/**
 * Fails with what is missing where packages cannot be downloaded.
 *
 * @param {string} what is wanted
 */
export function requireApt(what) {
  if (process.getuid?.() !== 0 || !findTool('apt-get')) {
    throw new Error(`${what} comes from Debian's archive: run this once as root on Debian`)
  }
}

function fieldOf(stanza, field) {
  return new RegExp(`^${field}: (.+)$`, 'm').exec(stanza)?.[1]
}

/** @param {string} path */
export function sha256Of(path) {
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}
