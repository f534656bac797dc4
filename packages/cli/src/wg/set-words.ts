import {
  AMNEZIA_FIELDS,
  type AmneziaConfig,
  type Endpoint,
  isNamed,
  parsePublicKey,
} from '@wgctrl/types'
import {
  readAllowedIP,
  readAmneziaValue,
  readEndpoint,
  readFirewallMark,
  readKeepalive,
  readKeepaliveRange,
  readPort,
} from 'wgctrl'
import type { Globals } from '../globals.js'
import type { Io } from '../io.js'
import { CommandFailure } from './failure.js'
import { readKeyFile } from './key-file.js'
import { lookUp } from './lookup.js'
import type { PeerStep, SetSteps } from './set-steps.js'

/**
 * Reads the command line of `wg set`, from left to right, up to the first mistake.
 *
 * @param words what follows the interface
 * @throws {CommandFailure}
 * @source wireguard-tools, src/config.c: config_read_cmd
 */
export async function parseSetWords(
  words: readonly string[],
  io: Io,
  { dialect }: Pick<Globals, 'dialect'> = {},
): Promise<SetSteps> {
  const parser = new SetParser(io, dialect === 'amneziawg')
  await parser.parse(words)
  return { ...parser.device, peers: parser.peers }
}

type Mutable<T> = { -readonly [field in keyof T]: T[field] }

class SetParser {
  readonly device: Mutable<Omit<SetSteps, 'peers'>> = {}
  readonly peers: Mutable<PeerStep>[] = []
  readonly #io: Io
  readonly #isAmnezia: boolean

  constructor(io: Io, isAmnezia: boolean) {
    this.#io = io
    this.#isAmnezia = isAmnezia
  }

  async parse(words: readonly string[]): Promise<void> {
    for (let at = 0; at < words.length; ) {
      const word = words[at] as string
      const value = words[at + 1]
      const isTaken =
        this.#takeWord(word) || (value !== undefined && (await this.#take(word, value)))
      if (!isTaken) throw new CommandFailure(`Invalid argument: ${word}`)
      at += word === 'remove' ? 1 : 2
    }
  }

  #takeWord(word: string): boolean {
    const peer = this.peers.at(-1)
    if (word !== 'remove' || !peer) return false
    peer.remove = true
    return true
  }

  async #take(word: string, value: string): Promise<boolean> {
    if (word === 'peer') {
      this.peers.push({ publicKey: publicKeyOf(value), allowedIPs: [] })
      return true
    }
    const peer = this.peers.at(-1)
    return peer ? this.#takeForPeer(peer, word, value) : this.#takeForDevice(word, value)
  }

  async #takeForDevice(word: string, value: string): Promise<boolean> {
    if (word === 'listen-port') this.device.listenPort = portOf(value)
    else if (word === 'fwmark') this.device.firewallMark = markOf(value)
    else if (word === 'private-key') this.device.privateKey = await readKeyFile(value, this.#io)
    else return this.#isAmnezia && (await this.#takeParameter(word, value))
    return true
  }

  /** A word of awg(8). */
  async #takeParameter(word: string, value: string): Promise<boolean> {
    const field = AMNEZIA_FIELDS.find(({ key }) => key.replaceAll('_', '-') === word)
    if (!field) return false
    const taken =
      field.kind === 'key'
        ? await readKeyFile(value, this.#io)
        : readAmneziaValue(field.name, value)
    // An empty text takes a packet away.
    if (taken === undefined && !(field.kind === 'text' && value === '')) {
      throw new CommandFailure(`Unable to parse ${word}: \`${value}'`)
    }
    this.device.amnezia = { ...this.device.amnezia, [field.name]: taken ?? null } as AmneziaConfig
    return true
  }

  async #takeForPeer(peer: Mutable<PeerStep>, word: string, value: string): Promise<boolean> {
    if (word === 'endpoint') peer.endpoint = await endpointOf(value, this.#io)
    else if (word === 'persistent-keepalive') this.#takeKeepalive(peer, value)
    else if (word === 'preshared-key') peer.presharedKey = await readKeyFile(value, this.#io)
    else if (word === 'allowed-ips') this.#takeNetworks(peer, value)
    else return false
    return true
  }

  /** The last word counts. */
  #takeKeepalive(peer: Mutable<PeerStep>, value: string): void {
    delete peer.persistentKeepalive
    delete peer.persistentKeepaliveRange
    const range = this.#isAmnezia ? readKeepaliveRange(value) : undefined
    if (range === undefined) peer.persistentKeepalive = keepaliveOf(value)
    else peer.persistentKeepaliveRange = range
  }

  /** One sign among the networks makes the whole peer a change of what it has. */
  #takeNetworks(peer: Mutable<PeerStep>, value: string): void {
    const list = value.replace(/[\t-\r ]/g, '')
    peer.replacesNetworks = true
    if (list === '') return
    for (const text of list.split(',')) {
      const entry = readAllowedIP(text)
      if (!entry) throw new CommandFailure(networkProblem(text))
      if (entry.incremental) peer.replacesNetworks = false
      if (entry.hadHostBits) {
        const plain = text.replace(/^[+-]/, '')
        this.#io.stderr.write(`Warning: AllowedIP has nonzero host part: ${plain}\n`)
      }
      peer.allowedIPs.push({ cidr: entry.cidr, remove: entry.remove })
    }
  }
}

function publicKeyOf(text: string): string {
  try {
    return parsePublicKey(text)
  } catch {
    throw new CommandFailure(`Key is not the correct length or format: \`${text}'`)
  }
}

function portOf(text: string): number {
  if (text === '') throw new CommandFailure('Unable to parse empty port')
  const port = readPort(text)
  if (port !== undefined) return port
  throw new CommandFailure(`Servname not supported for ai_socktype: \`${text}'`)
}

function markOf(text: string): number {
  const mark = readFirewallMark(text)
  if (mark !== undefined) return mark
  throw new CommandFailure(`Fwmark is neither 0/off nor 0-0xffffffff: \`${text}'`)
}

function keepaliveOf(text: string): number {
  const seconds = readKeepalive(text)
  if (seconds !== undefined) return seconds
  throw new CommandFailure(`Persistent keepalive interval is neither 0/off nor 1-65535: \`${text}'`)
}

/** A name is looked up at once: what is wrong behind it is told only when it was found. */
async function endpointOf(text: string, io: Io): Promise<string | Endpoint> {
  const endpoint = readEndpoint(text)
  if (!endpoint) throw new CommandFailure(endpointProblem(text))
  return isNamed(endpoint) ? lookUp(`${endpoint.host}:${endpoint.port}`, io) : endpoint
}

function endpointProblem(text: string): string {
  if (text === '') return 'Unable to parse empty endpoint'
  if (text.startsWith('[')) {
    if (!text.includes(']')) return `Unable to find matching brace of endpoint: \`${text}'`
    if (!/\]:./.test(text)) return `Unable to find port of endpoint: \`${text}'`
  } else if (!/:[^:]+$/.test(text)) return `Unable to find port of endpoint: \`${text}'`
  const hasPort = /:\+?\d+$/.test(text)
  const problem = hasPort ? 'Name or service not known' : 'Servname not supported for ai_socktype'
  return `${problem}: \`${text}'`
}

function networkProblem(text: string): string {
  const plain = text.replace(/^[+-]/, '')
  const [address = ''] = plain.split('/')
  if (!/^[+-]/.test(address) && readAllowedIP(address)) {
    return `AllowedIP is not in the correct format: \`${plain}'`
  }
  return `Unable to parse IP address: \`${address}'`
}
