import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const boot = fileURLToPath(new URL('boot.sh', import.meta.url))
const checkout = fileURLToPath(new URL('../../..', import.meta.url))
const units = join(checkout, 'packages/cli/systemd')

/** What a process may do and who it is, from /proc. */
export interface Rights {
  readonly user: number
  readonly capabilities: bigint
  readonly bounding: bigint
  readonly noNewPrivileges: boolean
}

/** systemd, as the first process of a PID namespace, with the units that the package has. */
export class Manager implements AsyncDisposable {
  readonly #folder: string
  readonly #program: ChildProcess
  #said = ''
  #pid = 0

  private constructor(dropIns: Readonly<Record<string, string>>) {
    this.#folder = mkdtempSync(join(tmpdir(), 'units-'))
    cpSync(units, this.#folder, { recursive: true })
    for (const [unit, text] of Object.entries(dropIns)) {
      mkdirSync(join(this.#folder, `${unit}.d`))
      writeFileSync(join(this.#folder, `${unit}.d/test.conf`), text)
    }
    const own = ['--pid', '--fork', '--mount', '--cgroup', '--kill-child']
    const words = [...own, 'sh', boot, this.#folder, checkout, process.execPath]
    this.#program = spawn('unshare', words, { stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [this.#program.stdout, this.#program.stderr]) {
      stream?.on('data', (chunk) => {
        this.#said += chunk
      })
    }
  }

  /** @param dropIns changes to units, by the unit's file name */
  static async start(dropIns: Readonly<Record<string, string>>): Promise<Manager> {
    const manager = new Manager(dropIns)
    for (let tries = 0; tries < 1500; tries++) {
      const state = await manager.#state()
      if (state === 'running' || state === 'degraded') return manager
      if (manager.#program.exitCode !== null) break
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
    await manager[Symbol.asyncDispose]()
    throw new Error(`systemd did not start: ${manager.#said}`)
  }

  /**
   * Runs systemctl(1) in there.
   *
   * @throws {Error} with what it says when it fails
   */
  async control(...words: string[]): Promise<string> {
    const within = ['-t', `${this.#pid}`, '--mount', '--pid', '--cgroup']
    return (await run('nsenter', [...within, 'systemctl', '--no-pager', ...words])).stdout.trim()
  }

  /** Properties of a unit, in the words of systemd. */
  async show(unit: string, ...names: string[]): Promise<Record<string, string>> {
    const lines = await this.control('show', unit, `--property=${names.join(',')}`)
    return Object.fromEntries(
      lines.split('\n').map((line) => {
        const end = line.indexOf('=')
        return [line.slice(0, end), line.slice(end + 1)]
      }),
    )
  }

  /** Signals the unit's main process. */
  async kill(unit: string, signal: string): Promise<void> {
    await this.control('kill', '--kill-who=main', `--signal=${signal}`, unit)
  }

  /** Who the unit's main process is and what it may do. @source proc_pid_status(5) */
  async rights(unit: string): Promise<Rights> {
    const { MainPID } = await this.show(unit, 'MainPID')
    const within = ['-t', `${this.#pid}`, '--mount', '--pid']
    const { stdout } = await run('nsenter', [...within, 'cat', `/proc/${MainPID}/status`])
    const field = (name: string): string =>
      new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(stdout)?.[1] ?? ''
    return {
      user: Number(field('Uid')),
      capabilities: BigInt(`0x${field('CapEff')}`),
      bounding: BigInt(`0x${field('CapBnd')}`),
      noNewPrivileges: field('NoNewPrivs') === '1',
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#program.exitCode === null && this.#program.signalCode === null) {
      // The first process of the namespace: all others end with it.
      if (this.#pid) process.kill(this.#pid, 'SIGKILL')
      else this.#program.kill('SIGKILL')
      await once(this.#program, 'exit')
    }
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #state(): Promise<string> {
    try {
      const path = `/proc/${this.#program.pid}/task/${this.#program.pid}/children`
      this.#pid = Number(readFileSync(path, 'latin1').trim())
      return await this.control('is-system-running')
    } catch (error) {
      return error instanceof Error && 'stdout' in error ? `${error.stdout}`.trim() : ''
    }
  }
}
