import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'

/** Whether somebody talks to a daemon, or waits for it. */
export async function hasCaller(name: string): Promise<boolean> {
  const socket = `/var/run/wireguard/${name}.sock`
  const lines = (await readFile('/proc/net/unix', 'utf8')).split('\n')
  // One of them is the daemon's own.
  return lines.filter((line) => line.endsWith(socket)).length > 1
}

/** Whether a process takes signals. @source proc_pid_status(5): SigCgt, a mask */
export function takesSignals(pid: number | undefined): boolean {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8')
  const [, mask = '0'] = /^SigCgt:\s*([\da-f]+)/m.exec(text) ?? []
  // SIGHUP: Node itself catches SIGINT and SIGTERM.
  return (BigInt(`0x${mask}`) & 1n) !== 0n
}
