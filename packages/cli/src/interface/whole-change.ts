import { AbortError } from 'wgctrl'
import type { Invocation } from '../command.js'
import { errorText } from '../error-text.js'
import type { Io } from '../io.js'
import { say } from '../warner.js'
import { Interruption } from './interruption.js'

/**
 * Makes a change of which a signal leaves no half. As long as `body` has not called `begin` it ends by the
 * interruption's `signal`, and has taken back what it did; from then on the signal is heard when all is done. A second
 * signal ends the process.
 *
 * @param outcome what an end by the signal means
 * @returns the exit status: that of the signal, if there was one
 */
export async function wholeChange(
  { program, command }: Pick<Invocation, 'program' | 'command'>,
  io: Io,
  outcome: 'nothing was changed' | 'all is taken back',
  body: (interruption: Interruption) => Promise<number>,
): Promise<number> {
  using interruption = new Interruption()
  try {
    const status = await body(interruption)
    return interruption.status ?? status
  } catch (error) {
    if (interruption.status === undefined) throw error
    const text = error instanceof AbortError ? `interrupted; ${outcome}` : errorText(error)
    say(io.stderr, `${program} ${command}: ${text}\n`)
    return interruption.end()
  }
}
