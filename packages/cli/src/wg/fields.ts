import {
  AMNEZIA_FIELDS,
  type AmneziaField,
  countersOf,
  type Device,
  type Peer,
  SecretKey,
} from '@wgctrl/types'
import { networkText } from 'wgctrl'
import type { Globals } from '../globals.js'
import { visible } from '../visible-text.js'
import type { NamedDevice } from './named-device.js'
import { endpointOrNone, keyOrNone, markText, NONE, secondsOf, switchText } from './text.js'

/** The columns of each line that a field of `show` prints. */
type Field = (device: Device) => readonly (readonly unknown[])[]

const networks = (peer: Peer, separator: string): string =>
  peer.allowedIPs.length === 0 ? NONE : peer.allowedIPs.map(networkText).join(separator)

const keepalive = (peer: Peer): string | number =>
  peer.persistentKeepaliveRange ?? (peer.persistentKeepalive || 'off')

function transfer(peer: Peer): unknown[] {
  const { received, transmitted } = countersOf(peer)
  return [received, transmitted]
}

/** A field that is printed as one line for each peer: its key and some columns. */
const perPeer =
  (columns: (peer: Peer) => readonly unknown[]): Field =>
  ({ peers }) =>
    peers.map((peer) => [peer.publicKey, ...columns(peer)])

/** @source wireguard-tools, src/show.c */
const fields = new Map<string, Field>([
  ['public-key', ({ publicKey }) => [[keyOrNone(publicKey)]]],
  ['private-key', ({ privateKey }) => [[keyOrNone(privateKey)]]],
  ['listen-port', ({ listenPort }) => [[listenPort]]],
  ['fwmark', ({ firewallMark }) => [[markText(firewallMark)]]],
  ['peers', perPeer(() => [])],
  ['preshared-keys', perPeer(({ presharedKey }) => [keyOrNone(presharedKey)])],
  ['endpoints', perPeer(({ endpoint }) => [endpointOrNone(endpoint)])],
  ['allowed-ips', perPeer((peer) => [networks(peer, ' ')])],
  ['latest-handshakes', perPeer(({ lastHandshake }) => [secondsOf(lastHandshake)])],
  ['transfer', perPeer(transfer)],
  ['persistent-keepalive', perPeer((peer) => [keepalive(peer)])],
  ['dump', (device) => [deviceColumns(device), ...device.peers.map(peerColumns)]],
])

/** Of AmneziaWG all parameters stand before the mark. @source amneziawg-tools, src/show.c: dump_print */
function deviceColumns(device: Device): unknown[] {
  const { privateKey, publicKey, listenPort, firewallMark, amnezia } = device
  const parameters = amnezia ? AMNEZIA_FIELDS.map((field) => parameter(device, field)) : []
  const keys = [keyOrNone(privateKey), keyOrNone(publicKey)]
  return [...keys, listenPort, ...parameters, markText(firewallMark)]
}

/** As awg(8) prints what is not there. */
function parameter({ amnezia = {} }: Device, { name, kind, fresh }: AmneziaField): unknown {
  const value = amnezia[name]
  if (kind === 'key') return keyOrNone(value instanceof SecretKey ? value : undefined)
  if (kind === 'flag') return switchText(value === true)
  if (kind === 'text') return value === undefined ? '(null)' : visible(`${value}`)
  return value ?? fresh
}

/** The fields of AmneziaWG, by the words of awg(8). */
const amneziaFields = new Map<string, Field>(
  AMNEZIA_FIELDS.map((field) => [
    field.key.replaceAll('_', '-'),
    (device) => [[parameter(device, field)]],
  ]),
)

const fieldOf = (name: string, dialect: Globals['dialect']): Field | undefined =>
  fields.get(name) ?? (dialect === 'amneziawg' ? amneziaFields.get(name) : undefined)

function peerColumns(peer: Peer): unknown[] {
  return [
    peer.publicKey,
    keyOrNone(peer.presharedKey),
    endpointOrNone(peer.endpoint),
    networks(peer, ','),
    secondsOf(peer.lastHandshake),
    ...transfer(peer),
    keepalive(peer),
  ]
}

export function isField(name: string, dialect?: Globals['dialect']): boolean {
  return fieldOf(name, dialect) !== undefined
}

/**
 * What `show <device> <field>` prints, byte for byte as wg(8) does.
 *
 * @param withName the device's name is the first column, as in `show all <field>`
 * @param withNames the peer's name is the last column, which wg(8) does not have
 */
export function fieldText(
  device: NamedDevice,
  field: string,
  withName: boolean,
  withNames = false,
): string {
  const lines = (fields.get(field) ?? amneziaFields.get(field))?.(device) ?? []
  const start = withName ? `${visible(device.name)}\t` : ''
  const named = withNames ? withNameColumn(device, lines) : lines
  return named.map((columns) => `${start}${columns.join('\t')}\n`).join('')
}

/** The lines of peers begin with their keys. */
function withNameColumn({ peers }: NamedDevice, lines: ReturnType<Field>): ReturnType<Field> {
  const names = new Map<unknown, string>(
    peers.map(({ publicKey, name }) => [publicKey, name ?? NONE]),
  )
  return lines.map((columns) => {
    const name = names.get(columns[0])
    return name === undefined ? columns : [...columns, name]
  })
}
