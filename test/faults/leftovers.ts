import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished } from 'vitest'

/** What a process holds besides memory. */
interface Holdings {
  readonly descriptors: string[]
  readonly threads: number
  readonly children: string[]
  readonly resources: string[]
}

function holdings(): Holdings {
  const descriptors = readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)]
    } catch {
      // The descriptor that the folder itself was read through.
      return []
    }
  })
  const threads = readdirSync('/proc/self/task')
  const children = threads.flatMap((thread) => {
    try {
      const file = `/proc/self/task/${thread}/children`
      return readFileSync(file, 'utf8').split(' ').filter(Boolean)
    } catch {
      // A thread that has ended since.
      return []
    }
  })
  // Timers of the test runner come and go with its own limits; those of a call would stay.
  return {
    descriptors,
    threads: threads.length,
    children,
    resources: process.getActiveResourcesInfo(),
  }
}

const count = (list: readonly string[], pattern: RegExp): number =>
  list.filter((each) => pattern.test(each)).length

/** Sockets, pipes and files of ours; the runner's own stay the same. */
const numbers = ({ descriptors, threads, children, resources }: Holdings) => ({
  // The loop keeps one for watching files from the first watch on.
  descriptors: count(descriptors, /^(?!anon_inode:inotify)/),
  threads,
  children: children.length,
  sockets: count(resources, /Pipe|TCP|Process|Worker|MessagePort/),
  timers: count(resources, /Timeout/),
})

/**
 * Fails when, once the test is over, more is held than before it. The pool's threads begin with the first
 * work and stay: they are begun before.
 */
export async function expectNothingLeft(): Promise<void> {
  const { readFile } = await import('node:fs/promises')
  await Promise.all(Array.from({ length: 8 }, () => readFile('/proc/self/stat')))
  const before = numbers(holdings())
  onTestFinished(async () => {
    // Between two looks nothing of this helper's own is under way.
    for (let looks = 0; looks < 1200 && excess(before).length > 0; looks++) await sleep(50)
    expect(excess(before)).toEqual([])
  })
}

/** What there is more of than before. */
function excess(before: ReturnType<typeof numbers>): string[] {
  const now = numbers(holdings())
  return Object.entries(before).flatMap(([kind, number]) => {
    const held = now[kind as keyof typeof now]
    return held > number ? [`${held - number} more ${kind}`] : []
  })
}
