import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

/** Folder of what is downloaded once and kept: `$WGCTRL_CACHE`, or `wgctrl` in the user's caches. */
export function cacheDirectory() {
  const { WGCTRL_CACHE, XDG_CACHE_HOME } = process.env
  if (WGCTRL_CACHE) return resolve(WGCTRL_CACHE)
  return join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'wgctrl')
}

/**
 * Runs `work` while no other process does so for the same cache. flock(1) holds the lock as long as
 * its standard input is open, so a killed process cannot leave it locked.
 *
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withCacheLock(work) {
  const directory = cacheDirectory()
  mkdirSync(directory, { recursive: true })
  const holder = spawn('flock', [join(directory, 'lock'), 'sh', '-c', 'echo locked; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = new Promise((resolve, reject) => {
    holder.once('error', reject)
    holder.once('close', resolve)
  })
  const locked = new Promise((resolve) => holder.stdout.once('data', () => resolve(true)))
  if ((await Promise.race([locked, ended])) !== true) throw new Error('flock failed on the cache')
  try {
    return await work()
  } finally {
    holder.stdin.end()
    await ended
  }
}
