import { formatEndpoint } from '@wgctrl/types'
import type { HandshakeStream, Initiation } from 'wgctrl'
import { fileErrorText } from '../error-text.js'
import type { PeerNames } from '../peer-names/peer-names.js'
import type { Service } from '../service/service.js'
import { visible, visibleJson } from '../visible-text.js'

export interface InitiationLogOptions {
  readonly device: string
  readonly names: PeerNames
  readonly isJson: boolean
  now(): number
  write(text: string): void
  warn(text: string): void
}

/** Writes the initiations that arrive for a device, a line each. */
export class InitiationLog implements Service {
  readonly #handshakes: HandshakeStream
  readonly #options: InitiationLogOptions
  readonly ended: Promise<void>
  #end: (failure?: unknown) => void = () => {}

  constructor(handshakes: HandshakeStream, options: InitiationLogOptions) {
    this.#handshakes = handshakes
    this.#options = options
    this.ended = new Promise((resolve, reject) => {
      this.#end = (failure) => (failure === undefined ? resolve() : reject(failure))
    })
    this.ended.catch(() => {})
  }

  async start(): Promise<void> {
    await this.reload()
    await this.#handshakes.start()
    this.#follow().then(() => this.#end(), this.#end)
  }

  async reload(): Promise<void> {
    const { names, device, warn } = this.#options
    names.forget()
    for (const { file, error } of await names.load([device])) warn(fileErrorText(file, error))
  }

  status(): string {
    const { received, delivered, overrun } = this.#handshakes.counters
    const dropped = received - delivered + overrun
    return `${this.#options.device}: initiations ${delivered}, other packets ${dropped}`
  }

  async stop(): Promise<void> {
    await this.#handshakes.return()
  }

  async #follow(): Promise<void> {
    for await (const initiation of this.#handshakes) {
      try {
        this.#options.write(`${this.#line(initiation)}\n`)
      } catch (error) {
        // Who read has what he wanted.
        if ((error as NodeJS.ErrnoException).code === 'EPIPE') return
        throw error
      }
    }
  }

  #line(initiation: Initiation): string {
    const { device, names, isJson, now } = this.#options
    const { publicKey, endpoint, timestamp, known } = initiation
    const time = new Date(now()).toISOString()
    const name = names.of(device, publicKey)
    const from = formatEndpoint(endpoint)
    if (isJson)
      return visibleJson(
        JSON.stringify({ time, device, publicKey, name, endpoint: from, timestamp, known }),
      )
    const peer = name === undefined ? publicKey : `${publicKey} (${name})`
    return visible(`${time} ${peer} from ${from}, ${known ? 'known' : 'unknown'}`)
  }
}
