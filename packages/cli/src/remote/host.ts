import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process'
import { Duplex, type Readable, type Writable } from 'node:stream'
import type { DeviceKind } from '@wgctrl/types'
import { connect, type WireGuardClient } from 'wgctrl'
import type { Globals } from '../globals.js'
import type { Io } from '../io.js'

/** Who can log in there can do all of it by hand. A forced command of ssh's says less, and counts. */
const ASKED = ['--stdio', '--allow', 'read,handshakes,interface,programs', '--secrets']

/**
 * The devices of another machine: a `wgctrl serve` there, that ends with the client.
 *
 * @param first which of two devices with one name is meant
 * @throws {Error} in words for the user
 */
export async function openHost(
  globals: Globals,
  { env }: Io,
  first: DeviceKind = 'userspace',
): Promise<WireGuardClient> {
  const { host = '' } = globals
  const [program = 'ssh', ...options] = wordsOf(globals.ssh ?? env['WGCTRL_SSH'] ?? 'ssh')
  const asked = ['serve', ...ASKED, '--first', first]
  const line = ['wgctrl', ...globalWords(globals), ...asked].map(quoted).join(' ')
  const child = startThere(program, [...options, '--', host, line])
  const ended = endOf(child, program, host)
  ended.catch(() => {})
  const stream = Duplex.from({ readable: child.stdout, writable: child.stdin })
  const timeout = Number.POSITIVE_INFINITY
  try {
    // Somebody may have to type a password.
    return await Promise.race([connect(stream, { timeout }), ended])
  } catch (error) {
    const reason = await Promise.race([ended, later(error)]).catch((told: unknown) => told)
    child.kill()
    throw reason
  }
}

/**
 * A terminal sends its signals to all programs in it. What is done there is ended by this one, when it is no half any
 * more: ssh, which leaves ignored signals ignored, hears of it by its end alone.
 *
 * @source ssh(1), clientloop.c, client_loop
 */
const DEAF = `trap '' INT HUP; exec "$@"`

function startThere(
  program: string,
  words: readonly string[],
): ChildProcessByStdio<Writable, Readable, null> {
  const stdio: ['pipe', 'pipe', 'inherit'] = ['pipe', 'pipe', 'inherit']
  if (process.platform === 'win32') return spawn(program, words, { stdio })
  return spawn('/bin/sh', ['-c', DEAF, 'sh', program, ...words], { stdio })
}

/** Which devices are meant is told there. */
function globalWords({ backend, dialect, netns, trust }: Globals): string[] {
  return [
    ...(backend === undefined ? [] : ['--backend', backend]),
    ...(dialect === undefined ? [] : ['--dialect', dialect]),
    ...(netns === undefined ? [] : ['--netns', String(netns)]),
    ...(trust.unsafePermissions === undefined ? [] : ['--unsafe-permissions']),
  ]
}

const wordsOf = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '')

/** Its login shell reads the line: what is no plain word is quoted as POSIX has it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}

/** What there is to say is said by the program itself, on standard error. */
async function endOf(child: ChildProcess, program: string, host: string): Promise<never> {
  const status = await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(signal ?? code))
  })
  throw new Error(`${host}: ${program} ended with ${status} before it answered`)
}

/** Milliseconds in which a program that failed has ended, too. */
const PATIENCE = 1000

function later(error: unknown): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(() => reject(error), PATIENCE).unref()
  })
}
