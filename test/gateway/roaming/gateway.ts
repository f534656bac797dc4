import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { generatePrivateKey, publicKey, type SecretKey } from '@wgctrl/types'
import type { UserspaceBackend } from '@wgctrl/uapi'
import { Program, WGCTRL } from '../../cli/program.js'
import { PORT } from '../../events/stage.js'
import { Spans } from './spans.js'
import { clock, Link, makeNamespace } from './world.js'

/** The gateway's address inside the tunnel, which all have. */
export const INSIDE = '10.8.255.1'

const METRICS = 9587

/** `wgctrl gateway` in a namespace of its own, with a link to clients and one to NATS. */
export class RoamingGateway {
  readonly name: string
  readonly device: string
  readonly publicKey: string
  readonly outer: Link
  readonly control: Link
  readonly events: Record<string, unknown>[] = []
  /** When it ran and clients could reach it. */
  readonly ready = new Spans()
  /** When nothing was between it and NATS. */
  readonly reach = new Spans()
  /** The same from when it told the others that it is there: a connection is not made anew in no time. */
  readonly joined = new Spans()
  /** When it lost its device last, in milliseconds since 1970. */
  lostAt = 0
  readonly #config: string
  #program: Program | undefined

  private constructor(
    { name, device }: { name: string; device: string },
    key: SecretKey,
    links: { outer: Link; control: Link },
    config: string,
  ) {
    ;[this.name, this.device, this.#config] = [name, device, config]
    this.publicKey = publicKey(key)
    ;[this.outer, this.control] = [links.outer, links.control]
  }

  static async make(
    index: number,
    folder: string,
    { servers, key = generatePrivateKey() }: { servers: string; key?: SecretKey | undefined },
  ): Promise<RoamingGateway> {
    const [name, device] = [`gateway${index}`, `wggate${index}`]
    await makeNamespace(name)
    const outer = await Link.make(name, 'outer', `10.65.${index}`, '10.66.0.0/16')
    const control = await Link.make(name, 'control', `10.67.${index}`, '10.67.0.0/16')
    const own = join(folder, name)
    await mkdir(own)
    const lines = ['[Interface]', `PrivateKey = ${key.toBase64()}`, `ListenPort = ${PORT}`]
    const text = [...lines, `Address = ${INSIDE}/16`].join('\n')
    await writeFile(join(own, `${device}.conf`), text, { mode: 0o600 })
    const config = {
      interface: { file: `${device}.conf`, backend: 'userspace' },
      store: { type: 'nats', servers },
      fleet: { id: name, ttl: '5s' },
      listen: `${control.address}:${METRICS}`,
      log: 'json',
    }
    await writeFile(join(own, 'gateway.json'), JSON.stringify(config), { mode: 0o600 })
    const path = join(own, 'gateway.json')
    return new RoamingGateway({ name, device }, key, { outer, control }, path)
  }

  get endpoint(): string {
    return `${this.outer.address}:${PORT}`
  }

  /** Until it has told the others that it is there. */
  async start(): Promise<void> {
    const args = [process.execPath, WGCTRL, 'gateway', '--config', this.#config]
    const program = new Program('ip', ['netns', 'exec', this.name, ...args])
    this.#program = program
    const lines = createInterface(program.child.stdout as NodeJS.ReadableStream)
    lines.on('line', (line) => {
      if (this.#program === program) this.#hear(JSON.parse(line))
    })
    await program.says(/"event":"fleet-joined"/)
    for (const spans of [this.ready, this.reach, this.joined]) spans.begin()
  }

  /** As the kernel ends a process that takes too much memory: its device goes on. */
  async kill(): Promise<void> {
    const program = this.#program
    this.#program = undefined
    this.cutOff()
    this.ready.end()
    program?.kill('SIGKILL')
    await program?.status()
  }

  async stop(): Promise<number | undefined> {
    this.#program?.kill('SIGTERM')
    return await this.#program?.status()
  }

  /** What it needs to tell the others is being taken away. */
  cutOff(): void {
    this.reach.end()
    this.joined.end()
  }

  /** Takes the device away with all that it knew, as a machine that loses power. */
  async lose(backend: UserspaceBackend): Promise<void> {
    await this.kill()
    await backend.delete(this.device)
    this.lostAt = clock()
  }

  /** A number of its metrics. */
  async metric(name: string): Promise<number> {
    const page = await fetch(`http://${this.control.address}:${METRICS}/metrics`)
    const found = new RegExp(`^wireguard_gateway_${name}\\{[^}]*\\} (\\S+)$`, 'm').exec(
      await page.text(),
    )
    return Number(found?.[1])
  }

  #hear(event: Record<string, unknown>): void {
    this.events.push({ ...event, at: clock() })
  }
}
