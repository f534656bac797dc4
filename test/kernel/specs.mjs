#!/usr/bin/env node
import { execFile as execFileWithCallback } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { newerArchive, ownArchive, requireApt } from './archive.mjs'
import { cacheDirectory, withCacheLock } from './cache.mjs'

const execFile = promisify(execFileWithCallback)

/** Kernels whose specs can be had; `newest`: the highest of Debian's backports and sid. */
export const sources = ['6.12', 'newest']

/** What is taken of a kernel's source: the specs, and the client of the kernel's own. */
const parts = ['Documentation/netlink', 'tools/net/ynl']

/**
 * The folder of a kernel's source that has its netlink specs and its Python client, and nothing else: from the cache, or
 * else from Debian's package of the source, which is downloaded and unpacked, not installed. It stays the same until
 * its folder in the cache is removed.
 *
 * @param {string} kernel one of {@link sources}
 * @returns {Promise<string>}
 */
export async function kernelSpecs(kernel) {
  const directory = specsDirectory(kernel)
  if (existsSync(directory)) return directory
  return await withCacheLock(async () => {
    if (!existsSync(directory)) await fetchSpecs(kernel, directory)
    return directory
  })
}

/**
 * Where {@link kernelSpecs} puts them, whether they are there or not.
 *
 * @param {string} kernel
 */
function specsDirectory(kernel) {
  if (sources.includes(kernel)) return join(cacheDirectory(), `specs-${kernel}`)
  throw new Error(`no specs of kernel ${kernel}; there are those of ${sources.join(', ')}`)
}

/**
 * @param {string} kernel
 * @param {string} directory
 */
async function fetchSpecs(kernel, directory) {
  requireApt(`the source of kernel ${kernel}`)
  // Under the lock the folder can only be what a killed process left.
  const work = join(cacheDirectory(), 'making-specs')
  rmSync(work, { recursive: true, force: true })
  mkdirSync(work, { recursive: true })
  try {
    const archive = kernel === 'newest' ? await newerArchive() : await ownArchive()
    const name = kernel === 'newest' ? await newestSource(archive) : `linux-source-${kernel}`
    const { file } = await archive.download(name, join(work, 'package'))
    await execFile('dpkg', ['-x', file, join(work, 'unpacked')])
    const packed = join(work, 'unpacked/usr/src', `${name}.tar.xz`)
    mkdirSync(join(work, 'source'))
    await execFile('tar', [
      ...['-xJf', packed, '-C', join(work, 'source'), '--strip-components=1'],
      ...parts.map((part) => `${name}/${part}`),
    ])
    if (specFiles(join(work, 'source')).length === 0) throw new Error(`${name} has no specs`)
    renameSync(join(work, 'source'), directory)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/**
 * The paths of the specs in a folder that {@link kernelSpecs} gave.
 *
 * @param {string} directory
 */
export function specFiles(directory) {
  const folder = join(directory, 'Documentation/netlink/specs')
  const names = readdirSync(folder).filter((name) => name.endsWith('.yaml'))
  return names.sort().map((name) => join(folder, name))
}

/** @param {Awaited<ReturnType<typeof newerArchive>>} archive */
async function newestSource(archive) {
  const names = await archive.names('^linux-source-[0-9.]+$')
  const { compare } = new Intl.Collator('en', { numeric: true })
  const newest = names.sort(compare).at(-1)
  if (newest) return newest
  throw new Error("apt knows no source of a kernel in Debian's newer suites")
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const kernel of sources) console.log(await kernelSpecs(kernel))
}
