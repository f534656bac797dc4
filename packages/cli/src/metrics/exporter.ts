import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Device, type DeviceKind, WireGuardError } from 'wgctrl'
import type { PeerNames } from '../peer-names/peer-names.js'
import type { Service } from '../service/service.js'
import type { ListenAddress } from './listen-address.js'
import { PeerMetrics, type ReadError } from './peer-metrics.js'

/** What the exporter needs of the facade. */
export interface DeviceReader {
  readonly backends: readonly { readonly kind: DeviceKind }[]
  names(options: { backend: DeviceKind }): Promise<string[]>
  device(name: string, options: { maxAge: number }): Promise<Device>
}

export interface ExporterOptions {
  readonly listen: ListenAddress
  /** Absent: all that there are. */
  readonly devices?: readonly string[] | undefined
  readonly names: PeerNames
  /** Milliseconds. */
  readonly maxAge: number
  readonly hasRemoteLabels: boolean
  readonly hasHandshakeDelay: boolean
  now(): number
  warn(text: string): void
}

/** Serves the metrics of devices over HTTP. */
export class Exporter implements Service {
  readonly #reader: DeviceReader
  readonly #options: ExporterOptions
  readonly #metrics: PeerMetrics
  readonly #server: Server
  #last = 'nobody asked yet'

  constructor(reader: DeviceReader, options: ExporterOptions) {
    const { names, now, hasRemoteLabels, hasHandshakeDelay } = options
    this.#reader = reader
    this.#options = options
    this.#metrics = new PeerMetrics({
      hasRemoteLabels,
      hasHandshakeDelay,
      now,
      nameOf: (device, publicKey) => names.of(device, publicKey),
    })
    this.#server = createServer((request, response) => void this.#answer(request, response))
  }

  /** Where it serves, once it was started: with port 0 the system chooses one. */
  get address(): AddressInfo {
    return this.#server.address() as AddressInfo
  }

  async start(): Promise<void> {
    const { host, port } = this.#options.listen
    this.#server.listen({ host, port })
    await once(this.#server, 'listening')
  }

  /** Names are read again with the next request. */
  async reload(): Promise<void> {
    this.#options.names.forget()
  }

  status(): string {
    const { address, port, family } = this.address
    const host = family === 'IPv6' ? `[${address}]` : address
    return `serving on http://${host}:${port}/metrics; ${this.#last}`
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return
    this.#server.close()
    this.#server.closeAllConnections()
    await once(this.#server, 'close')
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    try {
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        send(response.setHeader('Allow', 'GET, HEAD'), 405, 'GET or HEAD\n')
      } else if (pathname === '/metrics') {
        response.setHeader('Content-Type', this.#metrics.registry.contentType)
        send(response, 200, await this.#collect())
      } else {
        send(response, pathname === '/' ? 200 : 404, 'the metrics are at /metrics\n')
      }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      this.#options.warn(reason)
      response.removeHeader('Content-Type')
      send(response, 503, 'the devices cannot be listed\n')
    }
  }

  async #collect(): Promise<string> {
    const { devices: wanted, names } = this.#options
    const { names: all, errors: unlisted } = wanted
      ? { names: wanted, errors: [] }
      : await this.#list()
    for (const { file, error } of await names.load(all)) {
      this.#options.warn(`${file}: ${error.message}`)
    }
    const readings = await Promise.all(all.map((name) => this.#read(name)))
    const devices = readings.filter((reading): reading is Device => !('code' in reading))
    const errors = readings.filter((reading): reading is ReadError => 'code' in reading)
    // One that went since it was listed is no error, unless somebody asked for it.
    const told = errors.filter(({ code }) => wanted !== undefined || code !== 'ENODEV')
    told.push(...unlisted)
    this.#metrics.set(devices, told)
    this.#last = statusOf(devices, told)
    return await this.#metrics.registry.metrics()
  }

  /** Of a backend that refuses the error is served; one that this machine does not have is none. */
  async #list(): Promise<{ names: string[]; errors: ReadError[] }> {
    const kinds = [...new Set(this.#reader.backends.map(({ kind }) => kind))]
    const errors: ReadError[] = []
    const lists = await Promise.all(
      kinds.map((backend) =>
        this.#reader.names({ backend }).catch((error: unknown) => {
          if (!(error instanceof WireGuardError)) throw error
          if (error.code !== 'ENOBACKEND') errors.push({ device: '', code: error.code })
          return []
        }),
      ),
    )
    return { names: [...new Set(lists.flat())].sort(), errors }
  }

  async #read(name: string): Promise<Device | ReadError> {
    try {
      const { maxAge } = this.#options
      const { privateKey, ...device } = await this.#reader.device(name, { maxAge })
      privateKey?.wipe()
      return device
    } catch (error) {
      return { device: name, code: error instanceof WireGuardError ? error.code : 'EUNKNOWN' }
    }
  }
}

function send(response: ServerResponse, status: number, text: string): void {
  if (!response.hasHeader('Content-Type')) response.setHeader('Content-Type', 'text/plain')
  response.writeHead(status).end(text)
}

function statusOf(devices: readonly Device[], errors: readonly ReadError[]): string {
  const peers = devices.reduce((sum, device) => sum + device.peers.length, 0)
  const failed = errors.map(({ device, code }) => `, ${device || 'list'}: ${code}`).join('')
  return `devices ${devices.length}, peers ${peers}${failed}`
}
