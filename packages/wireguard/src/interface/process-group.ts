import { setTimeout as sleep } from 'node:timers/promises'

/** Milliseconds that processes have between SIGTERM and SIGKILL. */
const TERM_GRACE = 3000

/** Milliseconds that the kernel has to end what was killed. A zombie whose parent never asks stays longer. */
const KILL_GRACE = 1000

/** Milliseconds between two looks at a group. */
const POLL_INTERVAL = 10

/** Ends every process of a group, first with SIGTERM, then with SIGKILL, and waits until they are gone. */
export async function endGroup(leader: number): Promise<void> {
  if (await isGoneAfter(leader, 'SIGTERM', TERM_GRACE)) return
  await isGoneAfter(leader, 'SIGKILL', KILL_GRACE)
}

async function isGoneAfter(
  leader: number,
  signal: NodeJS.Signals,
  grace: number,
): Promise<boolean> {
  const end = performance.now() + grace
  let isGone = !send(leader, signal)
  // One that was stopped hears SIGTERM only when it goes on.
  if (!isGone) send(leader, 'SIGCONT')
  while (!isGone && performance.now() < end) {
    await sleep(POLL_INTERVAL)
    isGone = !send(leader, 0)
  }
  return isGone
}

/** @returns false when nobody is left */
function send(leader: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-leader, signal)
    return true
  } catch (error) {
    // EPERM: of a group that is there, but changed its user.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
