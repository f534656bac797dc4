import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { DeviceKind } from '@wgctrl/types'
import type { TestNamespace } from './namespace.js'

/** What a crash of the daemon does, or somebody with ip(8). */
export async function loseDevice(
  namespace: TestNamespace,
  kind: DeviceKind,
  name: string,
): Promise<void> {
  if (kind === 'linux-kernel') await namespace.ip('link', 'delete', name)
  else for (const daemon of await daemonsOf(name)) process.kill(daemon, 'SIGKILL')
  while ((await namespace.ip('link')).includes(`${name}:`)) await sleep(10)
}

export async function daemonsOf(name: string): Promise<number[]> {
  const daemons: number[] = []
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const command = await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '')
    const [program = '', ...args] = command.split('\0').slice(0, -1)
    if (program.endsWith('wireguard-go') && args.at(-1) === name) daemons.push(Number(entry))
  }
  return daemons
}
