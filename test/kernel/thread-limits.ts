import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

const limits = ['threads-max', 'pid_max'].map((name) => `/proc/sys/kernel/${name}`)

/** All threads there are, the kernel's among them. @source proc_loadavg(5) */
export const threads = (): number =>
  Number(/\/(\d+) /.exec(readFileSync('/proc/loadavg', 'utf8'))?.[1])

/** Threads that the kernel has for the peers of a device: processes of /proc by their names. */
export const threadsOf = (device: string): number =>
  readdirSync('/proc').filter((entry) => {
    if (!/^\d/.test(entry)) return false
    try {
      return readFileSync(`/proc/${entry}/comm`, 'utf8').startsWith(`napi/${device}-`)
    } catch {
      return false // It has ended.
    }
  }).length

/**
 * Lets a test have that many peers, and programs besides, on kernels that have a thread for each: on those they count
 * against limits that all share. A machine's defaults are made for its memory: a thread takes some 25 KB.
 *
 * @returns puts the limits back
 */
export function raiseThreadLimits(peers: number): () => void {
  const wanted = threads() + peers + 5000
  const before = limits.map((path) => readFileSync(path, 'utf8'))
  limits.forEach((path, at) => {
    if (Number(before[at]) < wanted) writeFileSync(path, String(wanted))
  })
  return () => limits.forEach((path, at) => void writeFileSync(path, before[at] as string))
}

/** How many more threads fit. */
export const threadsLeft = (): number =>
  Math.min(...limits.map((path) => Number(readFileSync(path, 'utf8')))) - threads()

/** Leaves room for so many more threads. */
export const leaveThreads = (left: number): void =>
  writeFileSync('/proc/sys/kernel/threads-max', String(threads() + left))
