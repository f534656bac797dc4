import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { DeviceKind } from '@wgctrl/types'
import { publicKey } from 'wgctrl'
import type { InterfaceConfig } from '../../packages/wireguard/src/interface/index.js'
import { run } from './command.js'
import { TestNamespace } from './namespace.js'
import { Ours } from './sides.js'

const program = fileURLToPath(new URL('who-asks.py', import.meta.url))

/** Milliseconds that an answer may take which has to come, on a busy machine; and one that must not come. */
const PATIENCE = 60_000
const BRIEFLY = 800

/** As text: some of these configs go to another process. */
const keys = {
  server: 'mKiKXqvqjBFZLHbNbKwvIHcZn3qdVwWNxS4tHn9CXmY=',
  c1: 'gD9kQMzrmE3dDLkRFhWnUTyI5bmXVQhzEo5jNZQGG3o=',
  c2: 'wLvy1KJmWlQ8cDbRpVmgYhTIqjPNoGd0XyqkfzRzN0g=',
}

/** What is out there: no way leads back from it to any tunnel. */
export const WEB = { 4: '203.0.113.2', 6: '2001:db8:f::2' } as const
/** What a server is called out there. */
export const SERVER = { 4: '203.0.113.1', 6: '2001:db8:f::1' } as const

/** The server's interface; its clients are 10.8.0.2 and .3, fd00:8::2 and ::3. */
export const serverConfig: InterfaceConfig = {
  name: 'wg0',
  privateKey: keys.server,
  listenPort: 51820,
  mtu: 1420,
  addresses: ['10.8.0.1/24', 'fd00:8::1/64'],
  peers: (['c1', 'c2'] as const).map((client, at) => ({
    publicKey: publicKey(keys[client]),
    allowedIPs: [`10.8.0.${at + 2}/32`, `fd00:8::${at + 2}/128`],
  })),
}

type Client = 'c1' | 'c2'

/** Two clients, a server between them and what is out there; each in a namespace of its own. */
export class ForwardingStage implements AsyncDisposable {
  readonly server: TestNamespace
  readonly ours: Ours
  readonly #namespaces: Record<string, TestNamespace>
  readonly #clients: readonly Ours[]
  readonly #web: ChildProcess

  private constructor(
    namespaces: Record<string, TestNamespace>,
    ours: Ours,
    clients: readonly Ours[],
    web: ChildProcess,
  ) {
    this.#namespaces = namespaces
    this.server = namespaces.server as TestNamespace
    this.ours = ours
    this.#clients = clients
    this.#web = web
  }

  static async create(kind: DeviceKind): Promise<ForwardingStage> {
    const namespaces: Record<string, TestNamespace> = {}
    for (const name of ['server', 'c1', 'c2', 'web']) {
      namespaces[name] = await TestNamespace.createBare(`wgctrl-${name}`)
    }
    const { server, web } = namespaces as { server: TestNamespace; web: TestNamespace }
    await cable(server, 'wan', [`${SERVER[4]}/24`, `${SERVER[6]}/64`], web, [
      `${WEB[4]}/24`,
      `${WEB[6]}/64`,
    ])
    const clients: Ours[] = []
    for (const [at, name] of (['c1', 'c2'] as const).entries()) {
      const namespace = namespaces[name] as TestNamespace
      const network = `198.51.${100 + at}`
      await cable(server, name, [`${network}.1/24`], namespace, [`${network}.2/24`])
      const client = await Ours.in(namespace, kind)
      await client.bringUp({
        name: `wg${name}`,
        privateKey: keys[name],
        mtu: 1420,
        table: 'main',
        addresses: [`10.8.0.${at + 2}/32`, `fd00:8::${at + 2}/128`],
        peers: [
          {
            publicKey: publicKey(keys.server),
            endpoint: `${network}.1:51820`,
            allowedIPs: ['0.0.0.0/0', '::/0'],
          },
        ],
      })
      clients.push(client)
    }
    const answering = await serve(web)
    return new ForwardingStage(namespaces, await Ours.in(server, kind), clients, answering)
  }

  /** Which address a client has for whoever is out there, or for the other client; `nothing`: no answer came. */
  async ask(client: Client, address: string, expects: 'answer' | 'nothing'): Promise<string> {
    const patience = String(expects === 'answer' ? PATIENCE : BRIEFLY)
    const namespace = this.#namespaces[client] as TestNamespace
    return (await namespace.run('python3', program, 'ask', address, patience)).trim()
  }

  /** Has a client answer too. */
  async answerAt(client: Client): Promise<Disposable> {
    const child = await serve(this.#namespaces[client] as TestNamespace)
    return { [Symbol.dispose]: () => void child.kill('SIGKILL') }
  }

  /** What the server's kernel is set to: IPv4, IPv6. */
  async forwarding(): Promise<string> {
    const files = ['/proc/sys/net/ipv4/ip_forward', '/proc/sys/net/ipv6/conf/all/forwarding']
    return (await this.server.run('cat', ...files)).trim().replace('\n', ' ')
  }

  ruleset(): Promise<string> {
    return this.server.run('nft', 'list', 'ruleset')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#web.kill('SIGKILL')
    for (const side of [...this.#clients, this.ours]) await side[Symbol.asyncDispose]()
    for (const namespace of Object.values(this.#namespaces)) await namespace[Symbol.asyncDispose]()
  }
}

async function cable(
  near: TestNamespace,
  name: string,
  nearAddresses: readonly string[],
  far: TestNamespace,
  farAddresses: readonly string[],
): Promise<void> {
  const peer = ['type', 'veth', 'peer', 'name', 'uplink', 'netns', far.name]
  await run('ip', 'link', 'add', name, 'netns', near.name, ...peer)
  for (const [namespace, link, addresses] of [
    [near, name, nearAddresses],
    [far, 'uplink', farAddresses],
  ] as const) {
    for (const address of addresses) await namespace.ip('address', 'add', address, 'dev', link)
    await namespace.ip('link', 'set', link, 'up')
  }
}

async function serve(namespace: TestNamespace): Promise<ChildProcess> {
  const args = ['netns', 'exec', namespace.name, 'python3', program, 'serve']
  const child = spawn('ip', args, { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  return child
}
