import { readFile } from 'node:fs/promises'
import type { Device } from '@wgctrl/types'

/** Gives a file of /proc or /sys as text, `undefined` when it cannot be read. */
export type ReadText = (path: string) => Promise<string | undefined>

/** How many threads there are, how many there may be, and what says so. */
export interface ThreadRoom {
  /** All threads of this machine, those of the kernel among them. */
  readonly threads: number
  /** `kernel.threads-max`: how many there may be. */
  readonly threadsMax: number
  /** `kernel.pid_max`: each thread has a number below it. */
  readonly pidMax: number
  /** How many more can be started. */
  readonly left: number
}

/** The limits as sysctl(8) names them. */
export const threadLimits = ({ threadsMax, pidMax }: ThreadRoom): string =>
  `kernel.threads-max ${threadsMax}, kernel.pid_max ${pidMax}`

const readText: ReadText = (path) => readFile(path, 'utf8').catch(() => undefined)

/**
 * Whether each peer of a kernel device has a thread of the kernel's, `napi/…`, to receive its packets. No version
 * says so: Linux has it since 6.16, but 5.15.186, 6.1.142, 6.6.94 and 6.12.34 had it, too, until it was taken back
 * there half a year later (5.15.201, 6.1.164, 6.6.127, 6.12.74), and it can be switched for each device.
 *
 * @source Linux db9ae3b6b43c, "wireguard: device: enable threaded NAPI"; its reverts are CVE-2026-52945;
 *   Documentation/ABI/testing/sysfs-class-net, threaded
 * @param device a device of the kernel
 * @returns `undefined` when /sys does not show it, which shows one network namespace
 */
export async function hasThreadPerPeer(
  { name, interfaceIndex }: Pick<Device, 'name' | 'interfaceIndex'>,
  read: ReadText = readText,
): Promise<boolean | undefined> {
  const [index, threaded] = await Promise.all(
    ['ifindex', 'threaded'].map((file) => read(`/sys/class/net/${name}/${file}`)),
  )
  // Another namespace may have a link of the same name.
  if (threaded === undefined || Number(index) !== interfaceIndex) return undefined
  return threaded.trim() !== '0'
}

/**
 * How many threads fit beside those that there are. Those of the kernel belong to no control group: its `pids.max`
 * neither counts nor bounds them.
 *
 * @source Linux, kernel/fork.c: copy_process() compares nr_threads, which /proc/loadavg has behind the slash
 * @returns `undefined` where /proc does not tell
 */
export async function threadRoom(read: ReadText = readText): Promise<ThreadRoom | undefined> {
  const [load, ...limits] = await Promise.all(
    ['/proc/loadavg', '/proc/sys/kernel/threads-max', '/proc/sys/kernel/pid_max'].map(read),
  )
  const threads = Number(/\/(\d+) /.exec(load ?? '')?.[1])
  const [threadsMax = Number.NaN, pidMax = Number.NaN] = limits.map(Number)
  const left = Math.max(0, Math.min(threadsMax, pidMax) - threads)
  return Number.isNaN(left) ? undefined : { threads, threadsMax, pidMax, left }
}
