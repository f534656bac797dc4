import type { CheckedAllowedIP, CheckedPeer, Endpoint } from '@wgctrl/types'
import { AMNEZIA_KEYS, readKeepalive } from './amnezia.js'
import { type FakeDaemon, UNCHANGED } from './fake-daemon.js'
import { readEndpoint, readKey, readNetwork, readNumber } from './values.js'

/** Linux' numbers. */
export const EIO = 5
export const EINVAL = 22
const EPROTO = 71
const EADDRINUSE = 98

/** What a daemon that dies of a request answers. */
export const PANIC: unique symbol = Symbol('panic')

const OK = 0

type Status = number | typeof PANIC

type Change = Partial<CheckedPeer>

/** What of one peer a boringtun keeps for the next in the same set. */
interface Leak {
  remove?: boolean
  presharedKey?: Uint8Array
  endpoint?: Endpoint
  persistentKeepalive?: number
}

/**
 * Carries out a `set=1` line by line. What stands before a bad line has taken effect when that line is
 * refused; boringtun carries out a peer when it has read all of it.
 *
 * @source wireguard-go, device/uapi.go; boringtun, device/api.rs and update_peer in device/mod.rs
 */
export class SetRequest {
  readonly #daemon: FakeDaemon
  #publicKey: string | undefined
  /** wireguard-go: the peer was made by this request. */
  #isNew = false
  /** wireguard-go: the peer is gone or was never there; its lines are read and not carried out. */
  #isDummy = false
  readonly #leak: Leak = {}
  #networks: CheckedAllowedIP[] = []

  constructor(daemon: FakeDaemon) {
    this.#daemon = daemon
  }

  /** @returns the positive errno that ends the request; `undefined` when it goes on */
  line(line: string): Status | undefined {
    if (line === '') return this.#finishPeer() ?? OK
    const at = line.indexOf('=')
    if (at < 0) return EPROTO
    const [key, value] = [line.slice(0, at), line.slice(at + 1)]
    if (key === 'public_key') return this.#startPeer(value)
    if (this.#publicKey === undefined) return this.#deviceLine(key, value)
    return this.#peerLine(key, value) ? undefined : EINVAL
  }

  #startPeer(value: string): Status | undefined {
    const problem = this.#finishPeer()
    if (problem !== undefined) return problem
    const key = readKey(value)
    if (!key) return EINVAL
    this.#publicKey = key.toString('base64')
    if (this.#daemon.isBoringtun) return undefined
    this.#isNew = !this.#daemon.hasPeer(this.#publicKey)
    this.#isDummy = false
    this.#change({})
    return undefined
  }

  /** boringtun alone waits for the end of a peer. */
  #finishPeer(): Status | undefined {
    if (this.#publicKey === undefined || !this.#daemon.isBoringtun) return undefined
    const isPresent = this.#daemon.hasPeer(this.#publicKey)
    if (!this.#leak.remove && (isPresent || !this.#daemon.hasKey)) return PANIC
    this.#change(
      this.#leak.remove ? { remove: true } : { ...this.#leak, allowedIPs: this.#networks },
    )
    this.#networks = []
    return undefined
  }

  #deviceLine(key: string, value: string): Status | undefined {
    switch (key) {
      case 'private_key': {
        const privateKey = readKey(value)
        if (!privateKey) return EINVAL
        this.#daemon.device.apply({ ...UNCHANGED, privateKey })
        this.#daemon.hasKeyOfZeros = privateKey.every((byte) => byte === 0)
        return undefined
      }
      case 'listen_port': {
        const port = readNumber(value, 65535)
        if (port === undefined) return EINVAL
        return this.#daemon.listen(port) ? undefined : EADDRINUSE
      }
      case 'fwmark': {
        const mark = readNumber(value, 2 ** 32 - 1)
        if (mark === undefined) return EINVAL
        return this.#daemon.mark(mark) ? undefined : EADDRINUSE
      }
      case 'replace_peers':
        if (value !== 'true') return EINVAL
        this.#daemon.device.apply({ ...UNCHANGED, replacePeers: true })
        return undefined
      default:
        return this.#daemon.isAmnezia ? this.#amneziaLine(key, value) : EINVAL
    }
  }

  #amneziaLine(key: string, value: string): Status | undefined {
    const [name, , read] = AMNEZIA_KEYS.find((known) => known[1] === key) ?? []
    const parsed = read?.(value)
    if (name === undefined || parsed === undefined) return EINVAL
    this.#daemon.device.apply({ ...UNCHANGED, amnezia: { [name]: parsed } })
    return undefined
  }

  #peerLine(key: string, value: string): boolean {
    switch (key) {
      case 'remove':
        return value === 'true' && this.#remove()
      case 'update_only':
        return value === 'true' && this.#updateOnly()
      case 'replace_allowed_ips':
        if (value === 'true' && !this.#daemon.isBoringtun) this.#change({ replaceAllowedIPs: true })
        return value === 'true'
      case 'preshared_key':
        return this.#field('presharedKey', readKey(value))
      case 'endpoint':
        return this.#field('endpoint', readEndpoint(value, this.#daemon.implementation))
      case 'persistent_keepalive_interval':
        return this.#keepalive(value)
      case 'protocol_version':
        return value === '1'
      case 'allowed_ip':
        return this.#allowedIP(value)
      default:
        return false
    }
  }

  #remove(): boolean {
    if (this.#daemon.isBoringtun) this.#leak.remove = true
    else this.#change({ remove: true })
    this.#isDummy = !this.#daemon.isBoringtun
    return true
  }

  #updateOnly(): boolean {
    if (this.#daemon.isBoringtun) return false
    if (this.#isNew) this.#remove()
    return true
  }

  #keepalive(value: string): boolean {
    if (!this.#daemon.isAmnezia) return this.#field('persistentKeepalive', readNumber(value, 65535))
    const ends = readKeepalive(value)
    if (!ends) return false
    const { from, text } = ends
    const range = text === `${from}` ? {} : { persistentKeepaliveRange: text }
    this.#change({ persistentKeepalive: from, ...range })
    return true
  }

  #field<Field extends keyof Leak>(field: Field, value: Leak[Field]): boolean {
    if (value === undefined) return false
    if (this.#daemon.isBoringtun) this.#leak[field] = value
    else this.#change({ [field]: value })
    return true
  }

  #allowedIP(value: string): boolean {
    const network = readNetwork(value, this.#daemon.implementation)
    if (!network) return false
    if (this.#daemon.isBoringtun) this.#networks.push(network)
    else this.#change({ allowedIPs: [network] })
    return true
  }

  #change(change: Change): void {
    if (this.#isDummy || this.#publicKey === undefined) return
    const publicKey = this.#publicKey
    const still = { remove: false, updateOnly: false, replaceAllowedIPs: false, allowedIPs: [] }
    const peer: CheckedPeer = { ...still, ...change, publicKey }
    this.#daemon.device.apply({ ...UNCHANGED, peers: [peer] })
  }
}
