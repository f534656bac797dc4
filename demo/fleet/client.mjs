import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { generatePrivateKey, publicKey } from 'wgctrl'
import { Gateway } from './gateway.mjs'
import { inPlace, ip, makePlace } from './places.mjs'

/** A client in a place of its own: a device of wireguard-go that knows the gateways' key. */
export class Client {
  name
  device
  publicKey
  address
  #place
  #wg
  #gatewayKey

  /**
   * @param {import('wgctrl').WireGuard} wg
   * @param {{ name: string, number: number, gatewayKey: string }} options
   * @returns {Promise<Client>}
   */
  static async make(wg, { name, number, gatewayKey }) {
    const privateKey = generatePrivateKey()
    const client = new Client(wg, { name, number, gatewayKey, publicKey: publicKey(privateKey) })
    const { device } = client
    await wg.create(device, { netns: name, backend: 'userspace' })
    await wg.configure(device, { privateKey })
    ip('-n', name, 'address', 'add', `${client.address}/16`, 'dev', device)
    ip('-n', name, 'link', 'set', device, 'up')
    return client
  }

  /**
   * @param {import('wgctrl').WireGuard} wg
   * @param {{ name: string, number: number, gatewayKey: string, publicKey: string }} options
   */
  constructor(wg, { name, number, gatewayKey, publicKey }) {
    this.#wg = wg
    this.#gatewayKey = gatewayKey
    this.#place = makePlace(name)
    this.name = name
    this.device = `wg-${name}`
    this.publicKey = publicKey
    this.address = `10.8.0.${number}`
  }

  /**
   * Goes to a gateway, as one whose network changed: it begins with a handshake.
   *
   * @param {Gateway} gateway
   * @returns {Promise<number | undefined>} milliseconds until its first packet was answered; `undefined`: it was not
   */
  async goTo(gateway) {
    const peer = { publicKey: this.#gatewayKey, allowedIPs: ['10.8.0.0/16'] }
    await this.#wg.configure(this.device, {
      peers: [
        { publicKey: this.#gatewayKey, remove: true },
        { ...peer, endpoint: gateway.endpoint, persistentKeepalive: 5 },
      ],
    })
    return await this.ping(8)
  }

  /**
   * @param {number} seconds
   * @returns {Promise<number | undefined>} milliseconds, as ping(8) says
   */
  async ping(seconds) {
    const args = ['-n', '-c', '1', '-W', `${seconds}`, Gateway.inside]
    const child = spawn(...inPlace(this.#place, 'ping', ...args))
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output += text
    })
    await once(child, 'close')
    const [, time] = /time=([\d.]+) ms/.exec(output) ?? []
    return time === undefined ? undefined : Number(time)
  }
}
