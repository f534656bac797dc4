import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Runs `work` while no other process does so with the same file or folder. flock(1) holds the lock as long as
 * its standard input is open, so a killed process cannot leave it locked.
 *
 * @template T
 * @param {string} path a file is made when it is not there, with its folder
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(path, work) {
  mkdirSync(dirname(path), { recursive: true })
  const holder = spawn('flock', [path, 'sh', '-c', 'echo locked; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = new Promise((resolve, reject) => {
    holder.once('error', reject)
    holder.once('close', resolve)
  })
  const locked = new Promise((resolve) => holder.stdout.once('data', () => resolve(true)))
  if ((await Promise.race([locked, ended])) !== true) throw new Error(`flock failed on ${path}`)
  try {
    return await work()
  } finally {
    holder.stdin.end()
    await ended
  }
}
