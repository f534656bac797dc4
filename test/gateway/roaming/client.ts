import { createInterface } from 'node:readline'
import { generatePrivateKey, publicKey } from '@wgctrl/types'
import type { UserspaceBackend } from '@wgctrl/uapi'
import { Program } from '../../cli/program.js'
import { ip } from '../../contract/harnesses/isolation.js'
import { INSIDE, type RoamingGateway } from './gateway.js'
import { Spans } from './spans.js'
import { clock, Link, makeNamespace } from './world.js'

/** An answer to a ping, in milliseconds since 1970. */
interface Answer {
  readonly sentAt: number
  readonly at: number
}

/** Where a client was for some time. */
export interface Stay {
  readonly gateway: RoamingGateway
  readonly from: number
  to: number
}

/** Seconds between pings. */
const PACE = '0.25'

/** A client in a namespace of its own, with a device of wireguard-go, that pings the gateway where it is all the time. */
export class RoamingClient {
  readonly name: string
  readonly device: string
  readonly publicKey: string
  /** Inside the tunnel. */
  readonly address: string
  readonly outer: Link
  readonly answers: Answer[] = []
  /** Where it went, and when. */
  readonly stays: Stay[] = []
  /** When it was not revoked. */
  readonly allowed = new Spans()
  /** From when to when it was revoked. */
  readonly revoked = new Spans()
  readonly #backend: UserspaceBackend

  private constructor(index: number, key: string, outer: Link, backend: UserspaceBackend) {
    ;[this.name, this.device] = [`client${index}`, `wgc${index}`]
    ;[this.publicKey, this.outer, this.#backend] = [key, outer, backend]
    this.address = `10.8.0.${index}`
  }

  static async make(index: number, backend: UserspaceBackend): Promise<RoamingClient> {
    const name = `client${index}`
    await makeNamespace(name)
    const outer = await Link.make(name, 'out', `10.66.${index}`, '10.65.0.0/16')
    const privateKey = generatePrivateKey()
    const client = new RoamingClient(index, publicKey(privateKey), outer, backend)
    const { device } = client
    await backend.create(device, { netns: name })
    await backend.configure(device, { privateKey })
    await ip('-n', name, 'address', 'add', `${client.address}/16`, 'dev', device)
    await ip('-n', name, 'link', 'set', device, 'up')
    return client
  }

  /** Goes to a gateway, as one whose tunnel is made anew: its next packet begins with a handshake. */
  async goTo(gateway: RoamingGateway): Promise<void> {
    const former = this.stays.at(-1)
    if (former) former.to = clock()
    await this.#backend.configure(this.device, {
      peers: [
        ...(former ? [{ publicKey: former.gateway.publicKey, remove: true }] : []),
        {
          publicKey: gateway.publicKey,
          endpoint: gateway.endpoint,
          allowedIPs: ['10.8.0.0/16'],
        },
      ],
    })
    this.stays.push({ gateway, from: clock(), to: Number.POSITIVE_INFINITY })
  }

  /** Begins to ping, until all programs of the test are ended. */
  ping(): void {
    const args = ['-n', '-D', '-i', PACE, INSIDE]
    const ping = new Program('ip', ['netns', 'exec', this.name, 'ping', ...args])
    createInterface(ping.child.stdout as NodeJS.ReadableStream).on('line', (line) => {
      const [, seconds, time] = /^\[([\d.]+)\] .* time=([\d.]+) ms/.exec(line) ?? []
      const at = Number(seconds) * 1000
      if (time !== undefined) this.answers.push({ at, sentAt: at - Number(time) })
    })
  }
}
