import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { refuseAborted, unsupported } from '@wgctrl/types'
import { encodeText } from '../config-file/text-encoding.js'
import type { HookContext } from './interface-config.js'
import { runInNamespace } from './namespace.js'
import { endGroup } from './process-group.js'
import { findProgram, programError, statusOf } from './program.js'

/** As the shell of wg-quick(8) is set. @source wg-quick(8), src/wg-quick/linux.bash */
const SHELL_OPTIONS = ['-e', '-o', 'pipefail', '-O', 'extglob', '-c']

/**
 * Starts the shell with a pipe as its standard error, which goes on to our standard error and to us (3). Who
 * passes it on lives as long as anybody writes: what a line leaves running goes on when we are gone. It is a
 * pipe rather than a socket, which is what we could make: /dev/stderr cannot be opened when it is a socket.
 */
const WITH_COMPLAINT = `exec "$0" "$@" 2> >(
  trap '' HUP INT TERM PIPE
  exec 4>&2 2>/dev/null
  while IFS= read -r line || [[ $line ]]; do
    printf '%s\\n' "$line" >&4
    printf '%s\\n' "$line" >&3
  done
) 3>&-`

/** What an error quotes of standard error, in characters: the last of it. */
const LONGEST_COMPLAINT = 64 * 1024

/**
 * Milliseconds that the end of a complaint is waited for, where one is quoted: what a line left running may hold it open
 * for ever, and on a busy machine who passes it on takes his time.
 */
const COMPLAINT_GRACE = 2000

/**
 * The one place where a shell runs, and only what a config file has in it. Standard input is empty,
 * output goes where that of this process goes. The line has a session of its own, so that all it started
 * can be ended with it.
 *
 * @throws {ProgramError} with the status it ended with
 * @throws {AbortError} when nothing of it runs any more
 */
export async function runHookLine(line: string, context: HookContext): Promise<void> {
  const bash = await findProgram('bash')
  if (!bash) throw unsupported('hooks', 'lines of hooks are run by bash, which is not installed')
  const { name, netns, configFile, signal } = context
  refuseAborted(signal)
  const command = line.replaceAll('%i', name)
  const file = configFile === undefined ? {} : { CONFIG_FILE: configFile }
  const shell = ['-c', WITH_COMPLAINT, bash, ...SHELL_OPTIONS, shellText(command)]
  const child = await runInNamespace(netns, () =>
    spawn(bash, shell, {
      stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
      env: { ...process.env, LC_ALL: 'C', INTERFACE: name, ...file },
      detached: true,
    }),
  )
  const complaint = new Complaint(child.stdio[3] as Readable)
  let ending: Promise<void> | undefined
  const end = (): void => {
    ending = child.pid === undefined ? undefined : endGroup(child.pid)
  }
  signal?.addEventListener('abort', end, { once: true })
  // It may have fired while the namespace was entered.
  if (signal?.aborted) end()
  try {
    const status = await statusOf(child)
    await ending
    refuseAborted(signal)
    if (status === 0) return
    await complaint.end()
    // The step that runs it has the line.
    throw programError('it', status, complaint.text)
  } finally {
    complaint.leave()
    signal?.removeEventListener('abort', end)
  }
}

/** What comes from standard error, until it ends or nobody waits any longer. */
class Complaint {
  readonly #stream: Readable
  #text = ''

  constructor(stream: Readable) {
    this.#stream = stream
    stream.setEncoding('utf8')
    stream.on('data', (text: string) => {
      this.#text = (this.#text + text).slice(-LONGEST_COMPLAINT)
    })
    stream.on('error', () => {})
  }

  get text(): string {
    return this.#text
  }

  async end(): Promise<void> {
    const waiting = new AbortController()
    const ended = this.#stream.closed || once(this.#stream, 'close', { signal: waiting.signal })
    await Promise.race([ended, sleep(COMPLAINT_GRACE, undefined, { signal: waiting.signal })])
    waiting.abort()
  }

  /** What comes from now on goes to standard error alone. */
  leave(): void {
    this.#stream.destroy()
  }
}

/**
 * A line as the shell gets it. What was no UTF-8 in the file reaches it byte by byte: Node passes arguments
 * as UTF-8 alone. @see decodeText of the config files: such bytes are lone surrogates
 */
function shellText(line: string): string {
  if (!/[\udc80-\udcff]/u.test(line)) return line
  return `eval $'${Array.from(encodeText(line), quotedByte).join('')}'`
}

/** @source bash(1), QUOTING: `$'string'` */
function quotedByte(byte: number): string {
  const isPlain = byte >= 0x20 && byte < 0x7f && byte !== 0x27 && byte !== 0x5c
  return isPlain ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`
}
