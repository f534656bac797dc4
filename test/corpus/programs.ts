import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runOurs, runProgram } from '../cli/wg.js'
import { run } from '../lifecycle/command.js'
import type { Program } from './judge.js'

/** Our command, in this process. */
export const ours: Program = {
  up: (path) => runOurs(['up', '--hooks', '--quiet', path], {}, 'wgctrl'),
  down: (path) => runOurs(['down', '--hooks', '--quiet', path], {}, 'wgctrl'),
}

/** wg-quick(8) of a root directory of another system, in the namespaces of this process. */
export function wgQuickOf(root: string): Program {
  const quick = (verb: string) => (path: string) => {
    const env = {
      PATH: `/stubs:/usr/sbin:/usr/bin`,
      RESOLVCONF_LOG: process.env.RESOLVCONF_LOG ?? '',
    }
    return runProgram('chroot', [root, '/usr/bin/wg-quick', verb, path], { env })
  }
  return { up: quick('up'), down: quick('down') }
}

/** Puts into the root what is the same for both sides; the mounts end with the namespace. */
export async function furnish(root: string, folder: string): Promise<void> {
  const stubs = fileURLToPath(new URL('../lifecycle/stubs', import.meta.url))
  const mounts = [
    ...['dev', 'proc', 'sys'].map((name) => `mount --rbind /${name} ${join(root, name)}`),
    `mount -t tmpfs none ${join(root, 'run')}`,
    `mkdir ${join(root, 'run/wireguard')}`,
    `mount --bind /var/run/wireguard ${join(root, 'run/wireguard')}`,
    `mount -t tmpfs none ${join(root, 'tmp')}`,
    `mkdir -p ${join(root, folder)}`,
    `mount --bind ${folder} ${join(root, folder)}`,
    `mount --bind ${stubs} ${join(root, 'stubs')}`,
    ...['hosts', 'resolv.conf'].map(
      (name) => `mount --bind ${join(folder, name)} ${join(root, 'etc', name)}`,
    ),
  ]
  await run('sh', '-e', '-c', mounts.join('\n'))
}
