import { readFile } from 'node:fs/promises'

/** Whether somebody talks to a daemon, or waits for it. */
export async function hasCaller(name: string): Promise<boolean> {
  const socket = `/var/run/wireguard/${name}.sock`
  const lines = (await readFile('/proc/net/unix', 'utf8')).split('\n')
  // One of them is the daemon's own.
  return lines.filter((line) => line.endsWith(socket)).length > 1
}
