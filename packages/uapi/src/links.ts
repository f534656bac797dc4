import { readFile } from 'node:fs/promises'

/**
 * The links of this process' network namespace. /sys/class/net would show those of the namespace that
 * sysfs was mounted in, which may be another.
 *
 * @source proc_pid_net(5); empty on systems other than Linux
 */
const LINK_TABLE = '/proc/self/net/dev'

/** True when there is a link of that name here; a daemon in another namespace has its link there. */
export async function hasLink(name: string): Promise<boolean> {
  const table = await readFile(LINK_TABLE, 'utf8').catch(() => '')
  return table.split('\n').some((line) => line.trimStart().startsWith(`${name}:`))
}
