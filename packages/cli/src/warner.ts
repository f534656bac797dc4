import type { Invocation } from './command.js'
import type { Io } from './io.js'

/** Says what a command goes on in spite of. That nobody can read it is no reason to stop. */
export function warner({ program, command }: Invocation, { stderr }: Io): (text: string) => void {
  return (text) => say(stderr, `${program} ${command}: warning: ${text}\n`)
}

/** Writes what is only said: a terminal that was closed, or a pipe that nobody reads, changes nothing. */
export function say({ write }: Io['stderr'], text: string): void {
  try {
    write(text)
  } catch {
    // Nobody can be told that nobody can be told.
  }
}
