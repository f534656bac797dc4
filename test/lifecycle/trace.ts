import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { DeviceKind } from '@wgctrl/types'
import type { InterfaceConfig } from 'wgctrl'
import { run } from './command.js'

const child = fileURLToPath(new URL('traced-up.mjs', import.meta.url))
const MARKER = '/wgctrl-marker'

/** What the C library and Node look at by themselves. */
const OF_THE_RUNTIME =
  /^\/(proc\/sys\/vm|proc\/self\/(cgroup|maps|task)|proc\/meminfo|sys\/devices\/system\/cpu|etc\/ld\.so|dev\/(null|urandom))/

/**
 * The program itself: V8 maps its builtins from it for the isolate of a worker thread, of a machine with 8 GB and not of one
 * with 4.
 *
 * @source V8, src/base/platform/platform-linux.cc: OS::RemapPages
 */
const OWN_PROGRAM: string = process.execPath

/** Locks, namespaces, the sockets of daemons, settings of the kernel, which links and tables of iptables there are. */
const NEEDED =
  /^\/(run\/(wgctrl|netns)|dev\/shm\/wgctrl-\d+|var\/run\/(wireguard|netns)|proc\/(thread-self|self)\/ns|proc\/sys\/net)\b|^\/proc\/(self\/net\/dev|thread-self\/net\/ip6?_tables_names)$/

/** What a daemon is started with, and in its network namespace. */
const OF_A_DAEMON = /^\/bin\/sh$|\/(cat|nsenter|wireguard-go)$/

/** What `up` and `down` did, by strace(1). */
export interface LifeTrace {
  /** Programs that were started, but for those of a daemon. */
  readonly programs: readonly string[]
  /** Files that were opened. */
  readonly files: readonly string[]
  /** Of those, what is none of Node's, the kernel's and our own. */
  readonly foreignFiles: readonly string[]
}

/**
 * Brings an interface up and down twice, and looks at the second time: by then what is loaded when it is first used is there.
 *
 * @param place.namespace absent: that of this process
 */
export async function traceLife(
  config: InterfaceConfig,
  { namespace = '', kind }: { namespace?: string; kind: DeviceKind },
): Promise<LifeTrace> {
  const folder = await mkdtemp(join(tmpdir(), 'wgctrl-traced-'))
  try {
    const trace = join(folder, 'trace')
    const program = [process.execPath, child, namespace, kind, JSON.stringify(config), MARKER]
    const calls = 'trace=execve,open,openat,clone,clone3'
    await run('strace', '-f', '-e', calls, '-o', trace, ...program)
    const text = wholeCalls(await readFile(trace, 'utf8'))
    const [, during = ''] = text.split(`"${MARKER}", O_`)
    const lines = during.split('\n').filter((line) => !line.includes('= -1 '))
    const programs = lines.flatMap((line) => /execve\("([^"]*)"/.exec(line)?.[1] ?? [])
    const own = threadsOf(text)
    const files = lines
      .filter((line) => own.has(line.split(' ')[0] ?? ''))
      .flatMap((line) => /open(?:at)?\((?:AT_FDCWD, )?"([^"]*)"/.exec(line)?.[1] ?? [])
    return {
      programs: programs.filter((path) => kind === 'linux-kernel' || !OF_A_DAEMON.test(path)),
      files,
      foreignFiles: files.filter(
        (path) => path !== OWN_PROGRAM && !NEEDED.test(path) && !OF_THE_RUNTIME.test(path),
      ),
    }
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** With both halves of a call in one line, where it began: strace(1) breaks it off when another thread has news. */
function wholeCalls(text: string): string {
  const lines = text.split('\n')
  const begun = new Map<string, number>()
  for (const [at, line] of lines.entries()) {
    const [, thread = '', rest = ''] = /^(\d+) +(.*)$/.exec(line) ?? []
    if (rest.endsWith(' <unfinished ...>')) begun.set(thread, at)
    const [, end] = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest) ?? []
    const start = begun.get(thread)
    if (end === undefined || start === undefined) continue
    lines[start] = lines[start]?.replace(/ <unfinished \.\.\.>$/, end) ?? ''
    lines[at] = ''
    begun.delete(thread)
  }
  return lines.join('\n')
}

/** The threads of the process that was traced, and none of what it started. */
function threadsOf(text: string): Set<string> {
  const lines = text.split('\n')
  const threads = new Set([lines[0]?.split(' ')[0] ?? ''])
  for (const line of lines) {
    const [, parent = '', flags = '', thread = ''] =
      /^(\d+) .*clone3?\((.*)\) = (\d+)/.exec(line) ?? []
    if (threads.has(parent) && flags.includes('CLONE_THREAD')) threads.add(thread)
  }
  return threads
}
