import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'

const FOLDER = fileURLToPath(new URL('../../examples/panel/', import.meta.url))

export const PASSWORD = 'correct horse battery'

/** A user without privileges, of whom the machine knows nothing. */
export const USER = 54_321

/** Sets the password of a panel by its own program. */
export async function setPassword(data: string, password: string = PASSWORD): Promise<number> {
  chownSync(data, USER, USER)
  const child = start(['password.mjs', '--data', data], USER)
  child.stdin?.end(`${password}\n`)
  const [status] = await once(child, 'exit')
  return status
}

/** A program of the panel, as a user starts it: a process of its own. */
class Program implements AsyncDisposable {
  readonly #child: ChildProcess
  /** What it complained of. */
  complaints = ''

  constructor(child: ChildProcess) {
    this.#child = child
    child.stderr?.on('data', (text) => {
      this.complaints += text
    })
  }

  /** Until it says that it is there. */
  async isReady(): Promise<this> {
    const child = this.#child
    await Promise.race([once(child.stdout as Readable, 'data'), once(child, 'exit')])
    if (child.exitCode !== null) throw new Error(`it ended: ${this.complaints}`)
    return this
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    this.#child.kill(signal)
    await once(this.#child, 'exit')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}

/** What makes the panel's calls with privileges. */
export class HelperProcess extends Program {
  static async start(socket: string): Promise<HelperProcess> {
    const args = ['helper.mjs', '--socket', socket, '--uid', `${USER}`]
    return new HelperProcess(start(args)).isReady()
  }
}

export class PanelProcess extends Program {
  readonly url: string

  constructor(child: ChildProcess, url: string) {
    super(child)
    this.url = url
  }

  /** @param helper the path of its socket; absent: the panel has the privileges itself */
  static async start(data: string, port: number, helper?: string): Promise<PanelProcess> {
    const address = `127.0.0.1:${port}`
    const args = ['panel.mjs', '--data', data, '--listen', address]
    const child = helper === undefined ? start(args) : start([...args, '--helper', helper], USER)
    return new PanelProcess(child, `http://${address}`).isReady()
  }
}

function start(args: readonly string[], user?: number): ChildProcess {
  return spawn(process.execPath, args, {
    cwd: FOLDER,
    ...(user !== undefined && { uid: user, gid: user }),
  })
}
