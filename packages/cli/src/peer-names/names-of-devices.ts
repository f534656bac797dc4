import type { Device } from '@wgctrl/types'
import type { Invocation } from '../command.js'
import { fileErrorText } from '../error-text.js'
import type { Io } from '../io.js'
import { warner } from '../warner.js'
import type { NamedDevice } from '../wg/named-device.js'
import { configReader, PeerNames } from './peer-names.js'

/** Adds to devices what their files call their peers. */
export class NamesOfDevices {
  readonly #names: PeerNames
  readonly #warn: (text: string) => void

  constructor(invocation: Invocation, io: Io) {
    this.#names = new PeerNames([], configReader(invocation.globals), invocation.globals.dialect)
    this.#warn = warner(invocation, io)
  }

  async name(device: Device): Promise<NamedDevice> {
    for (const { file, error } of await this.#names.load([device.name])) {
      this.#warn(fileErrorText(file, error))
    }
    const peers = device.peers.map((peer) => {
      const name = this.#names.of(device.name, peer.publicKey)
      return name === undefined ? peer : { name, ...peer }
    })
    return { ...device, peers }
  }
}
