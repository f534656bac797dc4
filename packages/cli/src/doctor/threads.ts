import { hasThreadPerPeer, type ThreadRoom, threadLimits, threadRoom } from '@wgctrl/netlink'
import { type Finding, note, ok } from './finding.js'
import type { Machine, SeenDevice } from './machine.js'

const ID = 'peer-threads'

/** When fewer fit, programs soon cannot be started any more. */
const FEW = 1000

/** How many files are open at once: a process may have 1,024 where nobody raised it. */
const SLICE = 256

interface KnownDevice extends SeenDevice {
  /** What the device says, which is of peers to come where there was no room for one. */
  readonly hasThreads: boolean
}

/** Threads that the kernel has for the peers of its devices: they count against limits that all programs share. */
export async function checkThreads(
  machine: Machine,
  devices: readonly SeenDevice[],
): Promise<Finding[]> {
  const read = (path: string): Promise<string | undefined> => machine.read(path)
  const answers = await Promise.all(
    devices.map(async (device) => ({
      ...device,
      hasThreads: await hasThreadPerPeer(device, read),
    })),
  )
  const known = answers.filter((device): device is KnownDevice => device.hasThreads !== undefined)
  const room = await threadRoom(read)
  if (known.length === 0 || room === undefined) return []
  const having = (await countThreads(machine, known)).filter(({ threads }) => threads > 0)
  if (having.length === 0) return [ok(ID, 'the kernel has no threads for single peers')]
  const threads = having.reduce((sum, device) => sum + device.threads, 0)
  const names = having.map(({ name }) => name)
  const what = having.every(({ hasThreads }) => hasThreads)
    ? 'a thread for each peer'
    : 'threads for peers'
  const text = `the kernel has ${what} of ${names.join(', ')}: ${threads} of all ${room.threads}, and ${room.left} more fit (${threadLimits(room)})`
  return room.left >= Math.max(FEW, threads)
    ? [ok(ID, text)]
    : [note(ID, text, advice(room, names))]
}

/**
 * As many as there are peers, unless there was no room for one: from then on a device says that it has none, also when
 * there is room again, and gives new peers none, while those that there are stay. So they are counted where a device
 * with peers says so.
 */
async function countThreads(
  machine: Machine,
  devices: readonly KnownDevice[],
): Promise<(KnownDevice & { threads: number })[]> {
  const doubtful = devices.filter(({ hasThreads, peers = 0 }) => !hasThreads && peers > 0)
  const named = await namedThreads(machine, doubtful)
  return devices.map((device) => {
    const { name, hasThreads, peers = 0 } = device
    // Some may be of a device of that name in another namespace.
    return { ...device, threads: hasThreads ? peers : Math.min(peers, named.get(name) ?? 0) }
  })
}

/** Threads by the names that the kernel gives them; none also where it does not show them, as in a container. */
async function namedThreads(
  machine: Machine,
  devices: readonly KnownDevice[],
): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  if (devices.length === 0) return counts
  const processes = (await machine.list('/proc')).filter((entry) => /^\d+$/.test(entry))
  for (let start = 0; start < processes.length; start += SLICE) {
    const slice = processes.slice(start, start + SLICE)
    const names = await Promise.all(slice.map((entry) => machine.read(`/proc/${entry}/comm`)))
    for (const { name } of devices) {
      const found = names.filter((comm) => comm?.startsWith(`napi/${name}-`)).length
      counts.set(name, (counts.get(name) ?? 0) + found)
    }
  }
  return counts
}

/** Room for as many again as there are, in limits that are too low for it, or none at all. */
function advice({ threads, threadsMax, pidMax }: ThreadRoom, names: readonly string[]): string {
  const wanted = 2 * Math.max(threads, FEW) + FEW
  const raised = [
    ['kernel.threads-max', threadsMax] as const,
    ['kernel.pid_max', pidMax] as const,
  ].flatMap(([name, limit]) => (limit < wanted ? [`${name}=${wanted}`] : []))
  const raise = raised.length > 0 ? `sysctl -w ${raised.join(' ')}; or ` : ''
  const files = names.map((name) => `/sys/class/net/${name}/threaded`)
  return `when none fit, no program can be started: ${raise}write 0 to ${files.join(' and ')}, which took them away on Linux 7.3.4`
}
