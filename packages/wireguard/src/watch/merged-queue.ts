import { BoundedMap } from '../bounded-map.js'
import { rate } from './device-diff.js'
import type { DeviceEvent, WatchEvent, WatchEventType } from './events.js'

type Of<T extends WatchEventType> = Extract<WatchEvent, { type: T }>

/** What a peer's removal makes worthless. */
const PEER_EVENTS = [
  'peer-added',
  'peer-changed',
  'peer-roamed',
  'peer-handshake',
  'peer-stale',
  'peer-transfer',
] as const satisfies WatchEventType[]

/**
 * Events that wait for their consumer. One that is slow gets fewer and larger ones: of each peer at
 * most one event of a kind waits, so that the queue is bounded by what there is to tell about, not by
 * what happened. A peer or device that came and went unseen leaves no trace.
 */
export class MergedQueue {
  /** By device, peer and type. The order is that of the first event that is still in it. */
  readonly #events = new BoundedMap<string, WatchEvent>(Number.POSITIVE_INFINITY)

  get size(): number {
    return this.#events.size
  }

  shift(): WatchEvent | undefined {
    return this.#events.shift()
  }

  clear(): void {
    this.#events.clear()
  }

  push(event: WatchEvent): void {
    if (event.type === 'peer-removed') this.#removePeer(event)
    else if (event.type === 'device-removed') this.#removeDevice(event)
    else if (event.type === 'device-renamed') this.#rename(event)
    else if (event.type === 'device-up' || event.type === 'device-down') this.#switch(event)
    else if (!('device' in event)) this.#events.put(`\n${event.backend}`, event)
    else this.#merge(event)
  }

  #merge(event: DeviceEvent): void {
    const key = keyOf(event)
    const before = this.#events.get(key) as DeviceEvent | undefined
    this.#events.put(key, before ? merged(before, event) : event)
  }

  #removePeer(event: Of<'peer-removed'>): void {
    const wasAdded = this.#events.has(keyOf({ ...event, type: 'peer-added' }))
    for (const type of PEER_EVENTS) this.#events.delete(keyOf({ ...event, type }))
    if (!wasAdded) this.#events.set(keyOf(event), event)
  }

  #removeDevice(event: Of<'device-removed'>): void {
    const prefix = `${event.device}\n`
    const wasAdded = this.#events.has(keyOf({ ...event, type: 'device-added' }))
    const wasRemoved = this.#events.has(keyOf(event))
    for (const key of this.#events.keys()) if (key.startsWith(prefix)) this.#events.delete(key)
    if (!wasAdded || wasRemoved) this.#events.set(keyOf(event), event)
  }

  /** From the first name to the last; back to the first is nothing. */
  #rename(event: Of<'device-renamed'>): void {
    const earlier = keyOf({ ...event, device: event.from })
    const before = this.#events.get(earlier) as typeof event | undefined
    this.#events.delete(earlier)
    const from = before?.from ?? event.from
    if (from !== event.device) this.#events.set(keyOf(event), { ...event, from })
  }

  /** Up and down again, unseen, is nothing. */
  #switch(event: Of<'device-up' | 'device-down'>): void {
    const type = event.type === 'device-up' ? 'device-down' : 'device-up'
    if (!this.#events.delete(keyOf({ ...event, type }))) this.#events.set(keyOf(event), event)
  }
}

/** No name of a device has a line feed in it. */
function keyOf(event: { type: WatchEventType; device: string; publicKey?: string }): string {
  return `${event.device}\n${event.publicKey ?? ''}\n${event.type}`
}

/** Two events of one kind about the same as one. */
function merged(before: DeviceEvent, event: DeviceEvent): WatchEvent {
  switch (event.type) {
    case 'peer-changed':
    case 'device-changed':
      return withFields(before as typeof event, event)
    case 'peer-roamed': {
      const { from } = before as typeof event
      const { from: _, ...rest } = event
      return { ...rest, ...(from && { from }) }
    }
    case 'peer-transfer':
      return sum(before as typeof event, event)
    default:
      return event
  }
}

function withFields<T extends Of<'peer-changed' | 'device-changed'>>(before: T, event: T): T {
  return { ...event, fields: [...new Set([...before.fields, ...event.fields])] }
}

function sum(before: Of<'peer-transfer'>, event: Of<'peer-transfer'>): WatchEvent {
  const received = before.received + event.received
  const transmitted = before.transmitted + event.transmitted
  const duration = before.duration + event.duration
  return {
    ...event,
    received,
    transmitted,
    receiveRate: rate(received, duration),
    transmitRate: rate(transmitted, duration),
    duration,
  }
}
