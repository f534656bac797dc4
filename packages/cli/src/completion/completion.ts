import type { CommandGroup, Run } from '../command.js'
import { commandGroups } from '../commands.js'
import { withWords } from '../session.js'
import { bashScript } from './bash.js'
import { fishScript } from './fish.js'
import { zshScript } from './zsh.js'

const scripts = new Map<string, (groups: readonly CommandGroup[]) => string>([
  ['bash', bashScript],
  ['zsh', zshScript],
  ['fish', fishScript],
])

export const runCompletion: Run = (invocation, io) =>
  withWords(invocation, io, async () => {
    const [shell = ''] = invocation.words
    const script = scripts.get(shell)
    if (script) io.stdout.write(script(commandGroups))
    else throw new Error(`expected bash, zsh or fish, got ${JSON.stringify(shell)}`)
    return 0
  })
