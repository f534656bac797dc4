import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Stops a process, and waits for the last of its threads: the signal reaches one of them, which stops the others once it
 * is its turn, and until then they go on.
 *
 * @source linux, kernel/signal.c: do_signal_stop
 */
export async function stopProcess(pid: number | undefined): Promise<void> {
  if (!pid) throw new Error('there is no process to stop')
  process.kill(pid, 'SIGSTOP')
  for (const thread of await readdir(`/proc/${pid}/task`)) {
    const file = `/proc/${pid}/task/${thread}/stat`
    // A thread that is gone was on its way out.
    const state = (): Promise<string> => readFile(file, 'utf8').catch(() => '0 () X ')
    while (!/^\d+ \(.*\) [TXZ] /s.test(await state())) await sleep(1)
  }
}
