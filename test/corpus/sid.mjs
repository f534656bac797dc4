import { execFile as execFileWithCallback } from 'node:child_process'
import { existsSync } from 'node:fs'
import { appendFile, mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { mirror } from '../kernel/archive.mjs'
import { cacheDirectory, withCacheLock } from '../kernel/cache.mjs'

const execFile = promisify(execFileWithCallback)

/** What is in the root beside the least that Debian needs. */
const packages = ['wireguard-tools', 'wireguard-go', 'iproute2', 'nftables', 'procps', 'netbase']

/**
 * A root directory of Debian sid, with wireguard-tools as they are now: made once, and kept in the cache.
 * Remove the folder `sid` there to have newer ones.
 *
 * @returns {Promise<string>}
 */
export async function sidRoot() {
  const root = join(cacheDirectory(), 'sid')
  if (existsSync(root)) return root
  return await withCacheLock(async () => {
    if (existsSync(root)) return root
    const made = `${root}.new`
    await rm(made, { recursive: true, force: true })
    await mkdir(made, { recursive: true })
    const args = ['--variant=minbase', `--include=${packages.join(',')}`, 'sid', made, mirror]
    await execFile('debootstrap', args, { maxBuffer: 2 ** 26 }).catch((error) => {
      const reason = `${error.stdout ?? ''}${error.stderr ?? ''}`.trim() || error.message
      throw new Error(`debootstrap cannot make a root of Debian sid: ${reason}`)
    })
    // Places to mount on.
    await mkdir(join(made, 'stubs'))
    for (const name of ['hosts', 'resolv.conf']) await appendFile(join(made, 'etc', name), '')
    await rename(made, root)
    return root
  })
}

/**
 * The version of wireguard-tools in a root.
 *
 * @param {string} root
 */
export async function versionIn(root) {
  const { stdout } = await execFile('chroot', [root, 'wg', '--version'])
  return stdout.split(' ')[1]
}
