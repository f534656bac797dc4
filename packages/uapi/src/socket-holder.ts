import { readdir, readFile, readlink, realpath } from 'node:fs/promises'
import { basename, dirname } from 'node:path'

/** `SO_ACCEPTCON`: the socket listens. @source linux, net/unix/af_unix.c: unix_seq_show */
const LISTENS = '00010000'

/** Who holds a socket: a program that was started, with what it started itself, or somebody else. */
export type Holder = 'own' | 'other'

/**
 * Tells by /proc whose listening socket is bound to `path`.
 *
 * @param pid the program that was started, the leader of a session of its own
 * @returns `undefined` where that cannot be told: without /proc, or of processes that may not be looked into
 * @source proc_pid_fd(5), proc_pid_net(5)
 */
export async function holderOf(path: string, pid: number): Promise<Holder | undefined> {
  const links = await linksOf(path, pid)
  if (!links || links.size === 0) return undefined
  if (await holds(pid, links)) return 'own'
  let holder: Holder | undefined
  for (const entry of await entriesOf('/proc')) {
    if (!/^\d+$/.test(entry) || !(await holds(Number(entry), links))) continue
    if (await descendsFrom(Number(entry), pid)) return 'own'
    holder = 'other'
  }
  return holder
}

/**
 * The processes that listen on a socket that is, or was, bound to `path`, in whichever network namespace; none
 * without /proc, and none of those that may not be looked into.
 */
export async function listenersOn(path: string): Promise<number[]> {
  const sockets = new Map<string, ReadonlySet<string>>()
  const listeners: number[] = []
  for (const entry of await entriesOf('/proc')) {
    const pid = /^\d+$/.test(entry) ? Number(entry) : undefined
    const netns = pid && (await readlink(`/proc/${pid}/ns/net`).catch(() => undefined))
    if (!pid || !netns) continue
    const links = sockets.get(netns) ?? (await linksOf(path, pid))
    // Of one that has just ended nothing is known: the next one of its network is asked.
    if (!links) continue
    sockets.set(netns, links)
    if (links.size > 0 && (await holds(pid, links))) listeners.push(pid)
  }
  return listeners
}

/** How descriptors of the sockets bound to `path` look, in the network namespace of the program, if it is there. */
async function linksOf(path: string, pid: number): Promise<ReadonlySet<string> | undefined> {
  const table = await readFile(`/proc/${pid}/net/unix`, 'utf8').catch(() => undefined)
  if (table === undefined) return undefined
  const folder = await folderOf(path)
  const links = new Set<string>()
  for (const line of table.split('\n')) {
    const [, flags, inode, bound = ''] =
      /^\S+ \S+ \S+ (\S+) \S+ \S+ +(\d+) (\/.*)$/.exec(line) ?? []
    if (flags !== LISTENS || basename(bound) !== basename(path)) continue
    if ((await folderOf(bound)) === folder) links.add(`socket:[${inode}]`)
  }
  return links
}

const folderOf = (path: string): Promise<string> =>
  realpath(dirname(path)).catch(() => dirname(path))

async function holds(pid: number, links: ReadonlySet<string>): Promise<boolean> {
  const folder = `/proc/${pid}/fd`
  for (const descriptor of await entriesOf(folder)) {
    const link = await readlink(`${folder}/${descriptor}`).catch(() => '')
    if (links.has(link)) return true
  }
  return false
}

const entriesOf = (folder: string): Promise<string[]> => readdir(folder).catch(() => [])

/** True of a process of the program's group or session, and of what descends from it. */
async function descendsFrom(pid: number, program: number): Promise<boolean> {
  for (let at = pid; at > 1; ) {
    const status = await readFile(`/proc/${at}/stat`, 'utf8').catch(() => '')
    // The name of a program may have anything in it, also a parenthesis.
    const [, parent = 0, group, session] = status
      .slice(status.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number)
    if (at === program || group === program || session === program) return true
    at = parent
  }
  return false
}
