import { realpath } from 'node:fs/promises'
import { holdConfigFile } from 'wgctrl'

/** Process and file of the command that runs us as a hook: we are part of what it does, and it waits for us. */
const HELD = 'WGCTRL_HELD_FILE'

/** Holds a config file for the command, and for the commands that its hooks run. */
export async function holdFile(path: string, signal: AbortSignal): Promise<Disposable> {
  const file = await realpath(path)
  if (isHeldByCaller(file)) return { [Symbol.dispose]() {} }
  const lock = await holdConfigFile(file, { signal })
  process.env[HELD] = `${process.pid} ${file}`
  return {
    [Symbol.dispose]() {
      delete process.env[HELD]
      lock[Symbol.dispose]()
    },
  }
}

function isHeldByCaller(file: string): boolean {
  const [, pid, held] = /^(\d+) (.*)$/s.exec(process.env[HELD] ?? '') ?? []
  return held === file && isAlive(Number(pid))
}

/** What a hook left running is on its own once the command is over. */
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
