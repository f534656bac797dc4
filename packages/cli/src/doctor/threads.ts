import { hasThreadPerPeer, type ThreadRoom, threadLimits, threadRoom } from '@wgctrl/netlink'
import { type Finding, note, ok } from './finding.js'
import type { Machine, SeenDevice } from './machine.js'

const ID = 'peer-threads'

/** When fewer fit, programs soon cannot be started any more. */
const FEW = 1000

interface KnownDevice extends SeenDevice {
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
  const threads = await threadsOfPeers(machine, known, room)
  if (threads === 0) return [ok(ID, 'the kernel has no threads for single peers')]
  const threaded = known.filter(({ hasThreads }) => hasThreads)
  const names = (threaded.length > 0 ? threaded : known).map(({ name }) => name)
  const text = `the kernel has a thread for each peer of ${names.join(', ')}: ${threads} of all ${room.threads}, and ${room.left} more fit (${threadLimits(room)})`
  return room.left >= Math.max(FEW, threads)
    ? [ok(ID, text)]
    : [note(ID, text, advice(room, names))]
}

/** As many as there are peers, unless there was no room for one: from then on a device has none for new peers. */
async function threadsOfPeers(
  machine: Machine,
  devices: readonly KnownDevice[],
  { left }: ThreadRoom,
): Promise<number> {
  const told = devices.reduce((sum, { hasThreads, peers = 0 }) => sum + (hasThreads ? peers : 0), 0)
  return left < FEW ? Math.max(told, await namedThreads(machine, devices)) : told
}

/** Threads by the names that the kernel gives them; 0 also where it does not show them, as in a container. */
async function namedThreads(machine: Machine, devices: readonly KnownDevice[]): Promise<number> {
  const processes = (await machine.list('/proc')).filter((entry) => /^\d+$/.test(entry))
  const names = await Promise.all(processes.map((entry) => machine.read(`/proc/${entry}/comm`)))
  const starts = devices.map(({ name }) => `napi/${name}-`)
  return names.filter((comm) => starts.some((start) => comm?.startsWith(start))).length
}

/** Room for as many again as there are, in limits that are too low for it. */
function advice({ threads, threadsMax, pidMax }: ThreadRoom, names: readonly string[]): string {
  const wanted = 2 * Math.max(threads, FEW) + FEW
  const raised = [
    ['kernel.threads-max', threadsMax] as const,
    ['kernel.pid_max', pidMax] as const,
  ].flatMap(([name, limit]) => (limit < wanted ? [`${name}=${wanted}`] : []))
  const files = names.map((name) => `/sys/class/net/${name}/threaded`)
  return `when none fit, no program can be started: sysctl -w ${raised.join(' ')}; or write 0 to ${files.join(' and ')}, which takes them away`
}
