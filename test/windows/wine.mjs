import { existsSync, mkdirSync } from 'node:fs'
import { appendFile, mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { run, runWell } from '../../scripts/command.mjs'
import { isolated } from '../../scripts/namespace.mjs'
import { mirror } from '../kernel/archive.mjs'
import { cacheDirectory, withCacheLock } from '../kernel/cache.mjs'

/** Debian 13: under the wine of Debian 12 no Node from 24 on starts. */
const SUITE = 'trixie'

/**
 * A root directory of that Debian, with wine: made once, and kept in the cache.
 *
 * @returns {Promise<string>}
 */
async function wineRoot() {
  const root = join(cacheDirectory(), `wine-${SUITE}`)
  if (existsSync(root)) return root
  return await withCacheLock(async () => {
    if (existsSync(root)) return root
    const made = `${root}.new`
    await rm(made, { recursive: true, force: true })
    await mkdir(made, { recursive: true })
    const words = ['--variant=minbase', '--include=wine,wine64', SUITE, made, mirror]
    await runWell('debootstrap', words, { seconds: 1800 })
    await appendFile(join(made, 'etc/hosts'), '127.0.0.1 localhost\n')
    await rename(made, root)
    return root
  })
}

/** A Windows of its own: what is installed into it is in a folder, and goes with that. */
export class Wine {
  #root
  #folder

  /**
   * @param {string} root
   * @param {string} folder
   */
  constructor(root, folder) {
    this.#root = root
    this.#folder = folder
  }

  /**
   * @param {string} folder for its registry and drive; made if it is missing
   */
  static async install(folder) {
    mkdirSync(folder, { recursive: true })
    const wine = new Wine(await wineRoot(), folder)
    // Node wants Windows 10. What was written is on the disk once the server has ended.
    const version = ['reg', 'add', 'HKCU\\Software\\Wine', '/v', 'Version', '/d', 'win10', '/f']
    await runWell(
      ...wine.#command(['sh', '-c', '"$@" && wineserver -w', 'sh', 'wine', ...version], {}),
    )
    return wine
  }

  /** The version of wine. */
  async version() {
    return (await runWell(...this.#command(['wine', '--version'], {}))).trim().split('\n').at(-1)
  }

  /**
   * Runs a program, in a network and a process tree of its own, and returns what it printed.
   *
   * @param {string[]} command its path, and words; a path is one of Windows, such as `Z:\mnt\project\a.mjs`
   * @param {Record<string, string>} mounts folders of this machine by the name that they have below `Z:\mnt`
   * @param {{ seconds?: number }} [options]
   */
  async run(command, mounts, { seconds = 600 } = {}) {
    // Into a file: Node 22 for Windows cannot write to the pipes that wine gives it.
    const out = [
      'sh',
      '-c',
      'wine "$@" >/mnt/prefix/out 2>/mnt/prefix/err; status=$?; cat /mnt/prefix/out; [ $status = 0 ] || cat /mnt/prefix/err; exit $status',
      'sh',
    ]
    const [program, words] = this.#command([...out, ...command], mounts)
    const { output } = await run(program, words, { seconds })
    return output
  }

  /**
   * @param {string[]} command
   * @param {Record<string, string>} mounts
   * @returns {[string, string[]]}
   */
  #command(command, mounts) {
    const root = this.#root
    const all = Object.entries({ ...mounts, prefix: this.#folder })
    const bind = all.map(
      ([name, path]) => `mkdir ${root}/mnt/${name}; mount --bind '${path}' ${root}/mnt/${name}`,
    )
    const setUp = [
      'set -e',
      `mount -t proc proc ${root}/proc`,
      `mount --rbind /dev ${root}/dev`,
      `mount -t tmpfs none ${root}/mnt`,
      `mount -t tmpfs none ${root}/tmp`,
      ...bind,
      `cd /; exec chroot ${root} "$@"`,
    ]
    const env = [
      'env',
      '-i',
      'WINEPREFIX=/mnt/prefix/wine',
      'WINEDEBUG=-all',
      'HOME=/tmp',
      'PATH=/usr/bin:/bin',
    ]
    const [program = '', ...words] = isolated([
      'sh',
      '-c',
      setUp.join('\n'),
      'sh',
      ...env,
      ...command,
    ])
    return [program, words]
  }
}
