import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { runWell } from './command.mjs'
import { withLock } from './lock.mjs'
import { findCommand } from './machine.mjs'
import { pnpm, readPackages, root } from './packages.mjs'

/** @typedef {import('./packages.mjs').Package} Package */

/** Where the scripts keep what they can make again. */
export const cache = join(root, 'node_modules', '.cache', 'wgctrl')

/** What every package is built by, besides its own files. */
const shared = ['tsup.base.ts', 'tsconfig.base.json', 'pnpm-lock.yaml']

/** Installs what package.json and the lockfile name, then builds the packages. */
export async function prepareWorkspace() {
  await installDependencies()
  await buildPackages()
}

export async function installDependencies() {
  await alone(install)
}

async function install() {
  const { NODE_ENV, ...env } = process.env
  const started = performance.now()
  await runWell(await pnpm(), ['install', '--frozen-lockfile'], { cwd: root, env })
  say('installed the dependencies', started)
}

/** Builds, in the order of their dependencies, the packages whose sources changed since the last time. */
export async function buildPackages() {
  await alone(buildChanged)
}

/**
 * Two that begin at once in one checkout would write the same files; where there is no flock(1), they do.
 *
 * @param {() => Promise<void>} work
 */
async function alone(work) {
  await (findCommand('flock') ? withLock(root, work) : work())
}

async function buildChanged() {
  const stamps = stampPackages()
  /** @type {Map<string, Promise<void>>} */
  const builds = new Map()
  for (const each of readPackages()) {
    const needs = each.needs.map((name) => builds.get(name))
    const stamp = stamps.get(each.name) ?? ''
    builds.set(
      each.name,
      Promise.all(needs).then(() => build(each, stamp)),
    )
  }
  const results = await Promise.allSettled(builds.values())
  const failure = results.find((result) => result.status === 'rejected')
  if (failure) throw failure.reason
}

/**
 * @param {Package} each
 * @param {string} stamp
 */
async function build({ name, directory }, stamp) {
  const started = performance.now()
  const stampPath = join(cache, 'built', basename(directory))
  if (existsSync(join(directory, 'dist')) && readIfThere(stampPath) === stamp) {
    console.log(`workspace: ${name} is built`)
    return
  }
  rmSync(stampPath, { force: true })
  await runWell(join(root, 'node_modules/.bin/tsup'), [], { cwd: directory }).catch((cause) => {
    throw new Error(`${name} does not build: ${cause.message}`, { cause })
  })
  mkdirSync(join(cache, 'built'), { recursive: true })
  writeFileSync(stampPath, stamp)
  say(`built ${name}`, started)
}

/** For each package a digest of all that its build reads. */
function stampPackages() {
  const base = digest(shared.map((file) => join(root, file)))
  /** @type {Map<string, string>} */
  const stamps = new Map()
  for (const { name, directory, needs } of readPackages()) {
    const hash = createHash('sha256')
      .update(base)
      .update(digest(sources(directory)))
    for (const need of needs) hash.update(stamps.get(need) ?? '')
    stamps.set(name, hash.digest('hex'))
  }
  return stamps
}

/**
 * @param {string} directory
 * @returns {string[]}
 */
function sources(directory) {
  const entries = readdirSync(directory, { withFileTypes: true })
  return entries
    .filter(
      ({ name }) => !['dist', 'node_modules'].includes(name) && !/\.(test\.ts|md)$/.test(name),
    )
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(directory, entry.name)
      return entry.isDirectory() ? sources(path) : [path]
    })
}

/** @param {string[]} files */
function digest(files) {
  const hash = createHash('sha256')
  for (const file of files) {
    const content = readFileSync(file)
    hash.update(`${relative(root, file)}\0${content.length}\0`).update(content)
  }
  return hash.digest('hex')
}

/** @param {string} path */
function readIfThere(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined
}

/**
 * @param {string} what
 * @param {number} started
 */
function say(what, started) {
  console.log(`workspace: ${what} (${((performance.now() - started) / 1000).toFixed(1)} s)`)
}
