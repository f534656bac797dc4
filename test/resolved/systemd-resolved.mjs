#!/usr/bin/env node
import { execFile as execFileWithCallback } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { ownArchive, requireApt } from '../kernel/archive.mjs'
import { cacheDirectory, withCacheLock } from '../kernel/cache.mjs'

const execFile = promisify(execFileWithCallback)

/** Where {@link fetchResolved} puts it, whether it is there or not. */
export const resolvedDirectory = () => join(cacheDirectory(), 'systemd-resolved')

/**
 * The folder with the files of Debian's package systemd-resolved: from the cache, or else downloaded and unpacked. It is not
 * installed: that would make it this machine's resolver.
 *
 * @returns {Promise<string>}
 */
async function fetchResolved() {
  const directory = resolvedDirectory()
  if (existsSync(directory)) return directory
  return await withCacheLock(async () => {
    if (existsSync(directory)) return directory
    requireApt('systemd-resolved')
    // Under the lock the folder can only be what a killed process left.
    const work = join(cacheDirectory(), 'making-systemd-resolved')
    rmSync(work, { recursive: true, force: true })
    mkdirSync(work, { recursive: true })
    try {
      const { file } = await (await ownArchive()).download(
        'systemd-resolved',
        join(work, 'package'),
      )
      await execFile('dpkg', ['-x', file, join(work, 'unpacked')])
      renameSync(join(work, 'unpacked'), directory)
    } finally {
      rmSync(work, { recursive: true, force: true })
    }
    return directory
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(await fetchResolved())
