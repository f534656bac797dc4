import { AMNEZIA_FIELDS, type AmneziaParameters, type Peer, SecretKey } from '@wgctrl/types'
import { networkText } from 'wgctrl'
import { visible } from '../visible-text.js'
import type { NamedDevice, NamedPeer } from './named-device.js'
import { endpointOrNone, NONE, secondsOf, switchText } from './text.js'

export interface PrettyOptions {
  /** Colours of ECMA-48. */
  readonly isColored: boolean
  /** Prints private and preshared keys. */
  readonly showsKeys: boolean
  /** Milliseconds since 1970: handshakes are told as so long ago. */
  readonly now: number
}

/**
 * A device as people read it, byte for byte as wg(8) prints it; of AmneziaWG as awg(8) does, but that its header
 * protection key is hidden as the others are.
 *
 * @source wireguard-tools, src/show.c
 */
export function prettyText(device: NamedDevice, options: PrettyOptions): string {
  const text = new PrettyText(options).device(device)
  return options.isColored ? text : text.replaceAll(COLORS, '')
}

const RESET = '\x1b[0m'
const BOLD = '\x1b[1m'
const RED = '\x1b[31m'
const GREEN = '\x1b[32m'
const YELLOW = '\x1b[33m'
const CYAN = '\x1b[36m'

// biome-ignore lint/suspicious/noControlCharactersInRegex: it is what colours are made of
const COLORS = /\x1b\[\d+m/g

const unit = (word: string): string => `${CYAN}${word}${RESET}`

class PrettyText {
  readonly #options: PrettyOptions

  constructor(options: PrettyOptions) {
    this.#options = options
  }

  device(device: NamedDevice): string {
    const { name, publicKey, privateKey, listenPort, firewallMark, amnezia, peers } = device
    const head = [
      `${RESET}${GREEN}${BOLD}interface${RESET}: ${GREEN}${visible(name)}${RESET}`,
      publicKey && line('public key', publicKey),
      privateKey && line('private key', this.#secret(privateKey)),
      listenPort !== 0 && line('listening port', listenPort),
      firewallMark !== 0 && line('fwmark', `0x${firewallMark.toString(16)}`),
      ...(amnezia ? this.#amnezia(amnezia) : []),
      ...extraLines(device),
    ]
    const isAmnezia = amnezia !== undefined
    const sections = [head, ...latestFirst(peers).map((peer) => this.#peer(peer, isAmnezia))]
    return sections.map((lines) => `${lines.filter(Boolean).join('\n')}\n`).join('\n')
  }

  /** What a new device has is not shown, but for flags. @source amneziawg-tools, src/show.c */
  #amnezia(amnezia: AmneziaParameters): (string | false)[] {
    return AMNEZIA_FIELDS.map(({ name, key, kind, fresh }) => {
      const value = amnezia[name]
      if (value === undefined || (value === fresh && kind !== 'flag')) return false
      return line(key.replaceAll('_', ' '), this.#parameter(value))
    })
  }

  #parameter(value: NonNullable<AmneziaParameters[keyof AmneziaParameters]>): string {
    if (value instanceof SecretKey) return this.#secret(value)
    return typeof value === 'boolean' ? switchText(value) : visible(`${value}`)
  }

  #peer(peer: NamedPeer, isAmnezia: boolean): (string | false | undefined)[] {
    const { presharedKey, endpoint, persistentKeepalive } = peer
    const handshake = secondsOf(peer.lastHandshake)
    const isUsed = peer.receivedBytes > 0 || peer.transmittedBytes > 0
    return [
      `${YELLOW}${BOLD}peer${RESET}: ${YELLOW}${peer.publicKey}${RESET}`,
      peer.name !== undefined && line('name', peer.name),
      presharedKey && line('preshared key', this.#secret(presharedKey)),
      endpoint && line('endpoint', endpointOrNone(endpoint)),
      line('allowed ips', networksText(peer.allowedIPs)),
      handshake !== 0 && line('latest handshake', this.#ago(handshake)),
      isUsed && line('transfer', transferText(peer)),
      persistentKeepalive !== 0 && line('persistent keepalive', keepaliveText(peer, isAmnezia)),
      ...extraLines(peer),
    ]
  }

  #secret(key: SecretKey): string {
    return this.#options.showsKeys ? key.toBase64() : '(hidden)'
  }

  #ago(seconds: number): string {
    const now = Math.floor(this.#options.now / 1000)
    if (now === seconds) return 'Now'
    if (now > seconds) return `${durationText(now - seconds)} ago`
    return `(${RED}System clock wound backward; connection problems may ensue.${RESET})`
  }
}

const line = (name: string, value: string | number): string => `  ${BOLD}${name}${RESET}: ${value}`

/** Peers without a handshake last; of equals the order of the device. */
function latestFirst(peers: readonly NamedPeer[]): NamedPeer[] {
  const time = ({ lastHandshake }: Peer): number =>
    lastHandshake?.getTime() ?? Number.NEGATIVE_INFINITY
  return [...peers].sort((a, b) => compare(time(b), time(a)))
}

/** Not by subtraction: of two infinities the difference is no number. */
const compare = (a: number, b: number): number => (a < b ? -1 : Number(a > b))

function networksText(networks: readonly string[]): string {
  if (networks.length === 0) return NONE
  return networks.map((network) => networkText(network).replace('/', unit('/'))).join(', ')
}

function transferText({ receivedBytes, transmittedBytes }: Peer): string {
  return `${bytesText(receivedBytes)} received, ${bytesText(transmittedBytes)} sent`
}

function keepaliveText(peer: Peer, isAmnezia: boolean): string {
  const { persistentKeepalive, persistentKeepaliveRange } = peer
  if (persistentKeepaliveRange !== undefined) return persistentKeepaliveRange
  return isAmnezia ? `${persistentKeepalive}` : `every ${durationText(persistentKeepalive)}`
}

/** What a daemon said that has no field: wg(8) leaves it out. */
function extraLines({ extra = {} }: Pick<Peer, 'extra'>): string[] {
  return Object.entries(extra).flatMap(([key, values]) =>
    [values].flat().map((value) => line(visible(key), visible(value))),
  )
}

const KIBI = 1024

function bytesText(bytes: number): string {
  if (bytes < KIBI) return `${bytes} ${unit('B')}`
  let value = bytes / KIBI
  const units = ['KiB', 'MiB', 'GiB', 'TiB']
  let at = 0
  for (; at < units.length - 1 && bytes >= KIBI ** (at + 2); at++) value /= KIBI
  return `${fixed(value)} ${unit(units[at] as string)}`
}

/**
 * Two decimals, rounded half to even as C does. Of all ties only odd eighths are exact in binary, and
 * `toFixed` rounds those up.
 */
function fixed(value: number): string {
  const eighths = value * 8
  const isTie = Number.isInteger(eighths) && eighths % 2 === 1
  const hundredths = Math.floor(value * 100)
  return isTie && hundredths % 2 === 0 ? (hundredths / 100).toFixed(2) : value.toFixed(2)
}

const UNITS = [
  ['year', 365 * 24 * 60 * 60],
  ['day', 24 * 60 * 60],
  ['hour', 60 * 60],
  ['minute', 60],
  ['second', 1],
] as const

function durationText(seconds: number): string {
  const parts: string[] = []
  let left = seconds
  for (const [name, length] of UNITS) {
    const count = Math.floor(left / length)
    left %= length
    if (count > 0) parts.push(`${count} ${unit(count === 1 ? name : `${name}s`)}`)
  }
  return parts.join(', ')
}
