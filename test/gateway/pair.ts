import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { generatePrivateKey, type PublicKey, publicKey, type SecretKey } from '@wgctrl/types'
import { expect, vi } from 'vitest'
import { eventually } from '../events/hearing.js'
import { type Client, PORT, Stage } from '../events/stage.js'
import { blockOf, type Gate, gateFolder, openGate, place } from './gate.js'
import type { NatsServer } from './nats-server.js'

export type Name = 'one' | 'two'

interface PairOptions {
  /** Each gateway has a key of its own; else both have the same. */
  readonly hasOwnKeys?: boolean
  /** Where a gateway's clients are. Absent: in a file, with all who are on the stage. */
  storeOf?(name: Name): Record<string, unknown>
  /** Other fields of their configs. */
  readonly config?: Record<string, unknown>
  /** How long a request of a fleet may take. */
  readonly timeout?: string
}

const names: readonly Name[] = ['one', 'two']
const ports = { one: PORT, two: PORT + 1 }
const devices = { one: 'wggate', two: 'wggatetwo' }

const inFile = () => ({ type: 'file', path: 'clients.conf' })

/** Two gateways of a fleet, which the same clients can come to. */
export class Pair implements AsyncDisposable {
  readonly stage: Stage
  readonly gates: Record<Name, Gate>
  readonly #folder: string
  readonly #keys: Record<Name, SecretKey>

  private constructor(
    stage: Stage,
    folder: string,
    keys: Record<Name, SecretKey>,
    gates: Record<Name, Gate>,
  ) {
    ;[this.stage, this.#folder, this.#keys, this.gates] = [stage, folder, keys, gates]
  }

  /** Opens both with two clients, when they can tell each other. */
  static async open(server: NatsServer, options: PairOptions = {}): Promise<Pair> {
    const { hasOwnKeys = false, storeOf = inFile, config, timeout = '500ms' } = options
    const stage = await Stage.open()
    const folder = await gateFolder(stage)
    const two = hasOwnKeys ? generatePrivateKey() : stage.privateKey
    await stage.backend.create?.(devices.two)
    const lines = ['[Interface]', `PrivateKey = ${two.toBase64()}`, `ListenPort = ${ports.two}`]
    await writeFile(join(folder, `${devices.two}.conf`), lines.join('\n'), { mode: 0o600 })
    await stage.addClients(2)
    const blocks = stage.clients.map((client) => blockOf(client))
    await place(join(folder, 'clients.conf'), blocks.join(''))
    const openOne = (name: Name): Promise<Gate> =>
      openGate(stage, folder, {
        interface: { file: `${devices[name]}.conf` },
        store: storeOf(name),
        fleet: { servers: server.url, id: name, ttl: '2s', timeout },
        ...config,
      })
    const gates = { one: await openOne('one'), two: await openOne('two') }
    for (const { gateway } of Object.values(gates)) {
      await vi.waitFor(() => expect(gateway.state().fleet?.isAway).toBe(false), eventually)
    }
    return new Pair(stage, folder, { one: stage.privateKey, two }, gates)
  }

  /** A client goes to a gateway by itself, and begins with a handshake. */
  async goTo(client: Client, name: Name): Promise<void> {
    const keys = new Set(names.map((each) => this.keyOf(each)))
    await client.backend.configure(client.device, {
      peers: [
        ...[...keys].map((key) => ({ publicKey: key, remove: true })),
        {
          publicKey: this.keyOf(name),
          endpoint: this.endpointOf(client, name),
          allowedIPs: ['10.8.0.0/16'],
          persistentKeepalive: 1,
        },
      ],
    })
  }

  keyOf(name: Name): PublicKey {
    return publicKey(this.#keys[name])
  }

  endpointOf(client: Client, name: Name): string {
    return `10.9.${client.index}.1:${ports[name]}`
  }

  /** The gateways that have a client, with a session. */
  async holders(client: Client): Promise<Name[]> {
    const found: Name[] = []
    for (const name of names) {
      const { peers } = await this.stage.backend.device(devices[name])
      const peer = peers.find((each) => each.publicKey === client.publicKey)
      if (peer?.lastHandshake) found.push(name)
    }
    return found
  }

  /** Waits until a client is at one gateway and not at the other. */
  async isAt(client: Client, name: Name): Promise<void> {
    await vi.waitFor(async () => expect(await this.holders(client)).toEqual([name]), eventually)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { gateway } of Object.values(this.gates)) await gateway.stop()
    await this.stage.backend.delete?.(devices.two)
    await this.stage[Symbol.asyncDispose]()
    await rm(this.#folder, { recursive: true })
  }
}
