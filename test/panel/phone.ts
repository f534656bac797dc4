import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect } from 'vitest'
import { open, parseConfig, toInterfaceConfig, type WireGuard } from 'wgctrl'
import { ip } from '../contract/harnesses/isolation.js'

const run = promisify(execFile)

/** The server's address on the switch, and in the tunnel. */
export const SERVER = '192.0.2.1'
const INSIDE = '10.8.0.1'

/** A client's machine: a network namespace on a cable, with a real device in it. */
export class Phone implements AsyncDisposable {
  readonly #netns: string
  readonly #device: string
  readonly #wg: WireGuard

  private constructor(netns: string, device: string, wg: WireGuard) {
    this.#netns = netns
    this.#device = device
    this.#wg = wg
  }

  /** Plugs it into the switch of the stage. */
  static async plugIn(number: number): Promise<Phone> {
    const netns = `phone${number}`
    const cable = `cable${number}`
    await ip('netns', 'add', netns)
    await ip('link', 'add', cable, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', netns)
    await ip('link', 'set', cable, 'master', 'switch', 'up')
    await ip('-n', netns, 'address', 'add', `192.0.2.${number + 2}/24`, 'dev', 'eth0')
    await ip('-n', netns, 'link', 'set', 'eth0', 'up')
    return new Phone(netns, `wgphone${number}`, await open({ netns }))
  }

  /** Takes the file that the panel gave. */
  async connect(file: string): Promise<void> {
    await this.#wg.up(toInterfaceConfig(parseConfig(file), this.#device))
  }

  async disconnect(): Promise<void> {
    await this.#wg.down(this.#device)
  }

  /** Whether a host answers through the tunnel: the server, where none is named. */
  async reaches(host: string = INSIDE, packets = 1): Promise<boolean> {
    const ping = ['ping', '-q', '-i', '0.2', '-c', `${packets}`, '-W', '2', '-s', '1000', host]
    return run('ip', ['netns', 'exec', this.#netns, ...ping]).then(
      () => true,
      () => false,
    )
  }

  /** Bytes that its own device has sent and received. */
  async traffic(): Promise<{ sent: number; received: number }> {
    const { peers } = await this.#wg.device(this.#device, { secrets: false })
    const [server] = peers
    if (!server) throw new Error('the phone knows no server')
    return { sent: server.transmittedBytes, received: server.receivedBytes }
  }

  /** Waits until the server answers, or no longer does. */
  async isCut(expected: boolean): Promise<void> {
    await expect.poll(() => this.reaches(), { timeout: 120_000 }).toBe(!expected)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#wg.close()
  }
}
