import { formatEndpoint, reasonWithin } from '@wgctrl/types'
import type { DeviceEvent, Peer, WatchEvent } from 'wgctrl'
import { visible, visibleJson } from '../visible-text.js'
import { formatBytes, formatRate } from './format.js'

/**
 * An event as one line, without a line feed.
 *
 * @param nameOf what a peer is called; absent: its key
 */
export function eventLine(event: WatchEvent, nameOf: NameOf): string {
  return visible(plainLine(event, nameOf))
}

type NameOf = (device: string, publicKey: string) => string | undefined

function plainLine(event: WatchEvent, nameOf: NameOf): string {
  if (event.type === 'backend-failed') return `${event.backend}: ${reasonWithin(event.error)}`
  if (event.type === 'backend-recovered') return `${event.backend}: can be used again`
  const { device } = event
  if (!('publicKey' in event)) return `${device}: ${deviceText(event)}`
  const name = nameOf(device, event.publicKey)
  const peer = name === undefined ? event.publicKey : `${event.publicKey} (${name})`
  return `${device}: peer ${peer}: ${peerText(event)}`
}

type OfPeer = Extract<DeviceEvent, { publicKey: string }>

function deviceText(event: Exclude<DeviceEvent, OfPeer>): string {
  switch (event.type) {
    case 'device-added':
      return 'added'
    case 'device-removed':
      return 'removed'
    case 'device-renamed':
      return `renamed from ${event.from}`
    case 'device-up':
      return 'up'
    case 'device-down':
      return 'down'
    case 'device-changed':
      return `changed ${event.fields.join(', ')}`
    case 'device-failed':
      return `cannot be read: ${reasonWithin(event.error)}`
  }
}

function peerText(event: OfPeer): string {
  switch (event.type) {
    case 'peer-added':
      return ['added', ...addedParts(event.peer)].join(', ')
    case 'peer-removed':
      return 'removed'
    case 'peer-changed':
      return `changed ${event.fields.join(', ')}`
    case 'peer-roamed':
      return `endpoint ${event.from ? formatEndpoint(event.from) : '(none)'} to ${formatEndpoint(event.endpoint)}`
    case 'peer-handshake':
      return `handshake at ${event.at.toISOString()}`
    case 'peer-stale':
      return `stale, last handshake at ${event.lastHandshake.toISOString()}`
    case 'peer-transfer':
      return (
        `received ${formatBytes(event.received)} (${formatRate(event.receiveRate)}), ` +
        `sent ${formatBytes(event.transmitted)} (${formatRate(event.transmitRate)})`
      )
  }
}

function addedParts({ endpoint, allowedIPs }: Peer): string[] {
  const parts: string[] = []
  if (endpoint) parts.push(`endpoint ${formatEndpoint(endpoint)}`)
  if (allowedIPs.length > 0) parts.push(`allowed IPs ${allowedIPs.join(' ')}`)
  return parts
}

/** An event as one line of JSON; secrets are `(hidden)`. */
export function eventJson(event: WatchEvent, time: Date): string {
  return visibleJson(JSON.stringify({ time, ...event }))
}
