import { open, type WireGuard } from 'wgctrl'
import type { Invocation } from './command.js'
import type { Io } from './io.js'

/** Exit status of a command that could not do what it was asked for. */
const TROUBLE = 1

/**
 * Runs a command on the machine's devices. What it throws is said in one line.
 *
 * @param trouble the exit status for that
 * @returns the exit status
 */
export async function withDevices(
  invocation: Invocation,
  io: Io,
  body: (wg: WireGuard) => Promise<number>,
  trouble = TROUBLE,
): Promise<number> {
  return await withWords(
    invocation,
    io,
    async () => {
      await using wg = await open()
      return await body(wg)
    },
    trouble,
  )
}

/** As {@link withDevices}, for a command without devices. */
export async function withWords(
  { program, command }: Invocation,
  io: Io,
  body: () => Promise<number>,
  trouble = TROUBLE,
): Promise<number> {
  try {
    return await body()
  } catch (error) {
    // Nobody reads any more: main() knows what to do.
    if ((error as NodeJS.ErrnoException).code === 'EPIPE') throw error
    const reason = error instanceof Error ? error.message : String(error)
    io.stderr.write(`${program} ${command}: ${reason}\n`)
    return trouble
  }
}
