import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const FOLDER = fileURLToPath(new URL('../../examples/panel/', import.meta.url))

export const PASSWORD = 'correct horse battery'

/** Sets the password of a panel by its own program. */
export async function setPassword(data: string, password: string = PASSWORD): Promise<number> {
  const child = spawn(process.execPath, ['password.mjs', '--data', data], {
    cwd: FOLDER,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  child.stdin?.end(`${password}\n`)
  const [status] = await once(child, 'exit')
  return status
}

/** A panel as a user starts it: a process of its own. */
export class PanelProcess implements AsyncDisposable {
  readonly url: string
  readonly #child: ChildProcess
  /** What it complained of. */
  complaints = ''

  private constructor(child: ChildProcess, url: string) {
    this.#child = child
    this.url = url
    child.stderr?.on('data', (text) => {
      this.complaints += text
    })
  }

  static async start(data: string, port: number, ...words: string[]): Promise<PanelProcess> {
    const address = `127.0.0.1:${port}`
    const args = ['panel.mjs', '--data', data, '--listen', address, ...words]
    const child = spawn(process.execPath, args, {
      cwd: FOLDER,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const panel = new PanelProcess(child, `http://${address}`)
    const [what] = await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])
    if (child.exitCode !== null) throw new Error(`the panel ended: ${what}\n${panel.complaints}`)
    return panel
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
