import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { withLock } from '../../scripts/lock.mjs'

/** Folder of what is downloaded once and kept: `$WGCTRL_CACHE`, or `wgctrl` in the user's caches. */
export function cacheDirectory() {
  const { WGCTRL_CACHE, XDG_CACHE_HOME } = process.env
  if (WGCTRL_CACHE) return resolve(WGCTRL_CACHE)
  return join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'wgctrl')
}

/**
 * Runs `work` while no other process does so for the same cache.
 *
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withCacheLock(work) {
  return await withLock(join(cacheDirectory(), 'lock'), work)
}
