import { setTimeout as sleep } from 'node:timers/promises'
import type { DeviceKind } from '@wgctrl/types'
import { daemonOf } from '../contract/harnesses/wireguard-go.js'
import type { TestNamespace } from './namespace.js'

/** What a crash of the daemon does, or somebody with ip(8). */
export async function loseDevice(
  namespace: TestNamespace,
  kind: DeviceKind,
  name: string,
): Promise<void> {
  if (kind === 'linux-kernel') await namespace.ip('link', 'delete', name)
  else await killDaemon(name)
  while ((await namespace.ip('link')).includes(`${name}:`)) await sleep(10)
}

export async function killDaemon(name: string): Promise<void> {
  const pid = await daemonOf(name)
  if (pid !== undefined) process.kill(pid, 'SIGKILL')
}
