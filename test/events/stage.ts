import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { KernelBackend } from '@wgctrl/netlink'
import { type Backend, generatePrivateKey, publicKey, type SecretKey } from '@wgctrl/types'
import { SocketDirectory, UserspaceBackend } from '@wgctrl/uapi'
import {
  LiveDevices,
  type LiveDevicesContext,
} from '../../packages/wireguard/src/client/live-devices.js'
import { openLinkSource } from '../../packages/wireguard/src/watch/link-source.js'
import { ip, isolate } from '../contract/harnesses/isolation.js'
import { isKernel } from './sizes.js'

const run = promisify(execFile)

export const makeBackend = (netns?: string): Backend =>
  isKernel ? new KernelBackend({ netns }) : new UserspaceBackend()

export const PORT = 51_820

/** The gateway's address inside the tunnel. */
const GATEWAY = '10.8.255.1'

/** A machine of its own that knows the gateway, and that the gateway does not know. */
export interface Client {
  readonly index: number
  readonly device: string
  readonly netns: string
  /** Where its device is. */
  readonly backend: Backend
  readonly privateKey: SecretKey
  readonly publicKey: string
  /** Inside the tunnel. */
  readonly address: string
  /** Where it sends from, and over IPv6. */
  readonly outerAddress: string
  readonly outerAddress6: string
  /** Milliseconds until one ping to the gateway was answered; `undefined`: not in time. */
  ping(seconds: number): Promise<number | undefined>
  /** Forgets its session: the next packet begins with a handshake, over IPv6 when that is asked for. */
  forgetSession(family?: 4 | 6): Promise<void>
  /** Runs a command in its namespace. */
  exec(command: string, ...args: string[]): Promise<string>
  /** Removes its device. */
  close(): Promise<void>
}

/** What looks at the devices of a backend over time. */
export const liveDevices = (
  backend: Backend,
  more: Partial<LiveDevicesContext> = {},
): LiveDevices =>
  new LiveDevices({
    list: async (options) => ({ names: await backend.list(options), errors: [], refusals: [] }),
    openLinks: () => openLinkSource(),
    ...(!isKernel && { socketDirectory: () => new SocketDirectory().path() }),
    device: (name, options) => backend.device(name, options),
    configure: (name, config, options) => backend.configure(name, config, options),
    ...more,
  })

/** A gateway in this namespace and clients in theirs, each on a veth pair of its own. */
export class Stage implements AsyncDisposable {
  readonly device: string
  readonly backend: Backend
  readonly live: LiveDevices
  readonly privateKey: SecretKey = generatePrivateKey()
  readonly clients: Client[] = []
  /** The most peers that the device held after any of our writes. */
  mostPeers = 0

  private constructor(device: string, backend: Backend) {
    this.device = device
    this.backend = backend
    this.live = liveDevices(backend, {
      configure: async (name, config, options) => {
        await backend.configure(name, config, options)
        this.live.invalidate(name)
        const { peers } = await backend.device(name)
        this.mostPeers = Math.max(this.mostPeers, peers.length)
      },
    })
  }

  static async open(device = 'wggate'): Promise<Stage> {
    await isolate()
    const backend = makeBackend()
    const stage = new Stage(device, backend)
    await backend.create?.(device)
    await stage.plug()
    await backend.configure(device, { privateKey: stage.privateKey, listenPort: PORT })
    return stage
  }

  /** Gives the gateway's device its address, and switches it on. */
  async plug(): Promise<void> {
    await ip('address', 'add', `${GATEWAY}/16`, 'dev', this.device)
    await ip('link', 'set', this.device, 'up')
  }

  /** What the gateway would find in its records for a client. */
  peerOf(key: string): { allowedIPs: string[] } | undefined {
    const client = this.clients.find((one) => one.publicKey === key)
    return client && { allowedIPs: [`${client.address}/32`] }
  }

  /** The peers that the gateway's device has. */
  async present(): Promise<string[]> {
    return (await this.backend.device(this.device)).peers.map((peer) => peer.publicKey)
  }

  async addClients(count: number): Promise<Client[]> {
    const added: Client[] = []
    for (let left = count; left > 0; left--) added.push(await this.#addClient())
    return added
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.clients) {
      await client.close()
      await ip('link', 'delete', `out${client.index}`)
      await ip('netns', 'delete', client.netns)
    }
    await this.backend.delete?.(this.device)
    await this.backend[Symbol.asyncDispose]()
  }

  async #addClient(): Promise<Client> {
    const index = this.clients.length
    const netns = `client${index}`
    const device = `wgc${index}`
    const outer = `10.9.${index}`
    const outer6 = `fd09:${index + 1}::`
    await ip('netns', 'add', netns)
    await ip('link', 'add', `out${index}`, 'type', 'veth', 'peer', 'out', 'netns', netns)
    await ip('address', 'add', `${outer}.1/24`, 'dev', `out${index}`)
    await ip('address', 'add', `${outer6}1/64`, 'dev', `out${index}`, 'nodad')
    await ip('link', 'set', `out${index}`, 'up')
    const within = ['-n', netns]
    await ip(...within, 'address', 'add', `${outer}.2/24`, 'dev', 'out')
    await ip(...within, 'address', 'add', `${outer6}2/64`, 'dev', 'out', 'nodad')
    await ip(...within, 'link', 'set', 'out', 'up')
    const backend = makeBackend(netns)
    await backend.create?.(device, { netns })
    const privateKey = generatePrivateKey()
    const gateway = publicKey(this.privateKey)
    const peer = {
      publicKey: gateway,
      endpoint: `${outer}.1:${PORT}`,
      allowedIPs: ['10.8.0.0/16'],
    }
    await backend.configure(device, { privateKey, peers: [peer] })
    const address = `10.8.0.${index + 1}`
    await ip(...within, 'address', 'add', `${address}/16`, 'dev', device)
    await ip(...within, 'link', 'set', device, 'up')
    const exec = async (command: string, ...args: string[]): Promise<string> =>
      (await run('ip', ['netns', 'exec', netns, command, ...args])).stdout
    const client: Client = {
      index,
      device,
      netns,
      backend,
      privateKey,
      publicKey: publicKey(privateKey),
      address,
      outerAddress: `${outer}.2`,
      outerAddress6: `${outer6}2`,
      exec,
      forgetSession: (family = 4) => {
        const endpoint = family === 4 ? peer.endpoint : `[${outer6}1]:${PORT}`
        const anew = { ...peer, endpoint }
        return backend.configure(device, { peers: [{ publicKey: gateway, remove: true }, anew] })
      },
      close: async () => {
        await backend.delete?.(device)
        await backend[Symbol.asyncDispose]()
      },
      ping: (seconds) => ping(exec, seconds),
    }
    this.clients.push(client)
    return client
  }
}

/** One ping; the time is ping's own, from its packet to the answer. */
async function ping(exec: Client['exec'], seconds: number): Promise<number | undefined> {
  const output = await exec('ping', '-n', '-c', '1', '-W', `${seconds}`, GATEWAY).catch(() => '')
  const time = /time=([\d.]+) ms/.exec(output)?.[1]
  return time === undefined ? undefined : Number(time)
}
