import type { DeviceEvent, PublicKey, WatchEvent } from 'wgctrl'
import { PeerActivity } from './peer-activity.js'

/** What is shown of a device. */
export class DeviceActivity {
  readonly peers = new Map<PublicKey, PeerActivity>()
  isDown = false
  /** Why it cannot be read; absent: it can. */
  failure: string | undefined
  constructor(public name: string) {}
}

/** No device has such a name. */
const rowOf = (backend: string | undefined): string => `(${backend})`

/** The devices and peers that there are, by what was told about them. */
export class LiveTable {
  readonly devices = new Map<string, DeviceActivity>()
  /** Peers that did something lately: the only ones that time changes. */
  readonly #active = new Set<PeerActivity>()

  /** @param now milliseconds, of the same clock as that of {@link tick} */
  apply(event: WatchEvent, now: number): void {
    if (event.type === 'backend-failed') this.#failBackend(event)
    else if (event.type === 'backend-recovered') this.#remove(rowOf(event.backend))
    else if (event.type === 'device-renamed') this.#rename(event.from, event.device)
    else if (event.type === 'device-removed') this.#remove(event.device)
    else this.#applyToDevice(event.device, event, now)
  }

  #applyToDevice(name: string, event: DeviceEvent, now: number): void {
    const device = this.devices.get(name) ?? new DeviceActivity(name)
    this.devices.set(name, device)
    if (event.type === 'device-failed') device.failure = event.error.message
    else if (event.type === 'device-up') device.isDown = false
    else if (event.type === 'device-down') device.isDown = true
    else if ('publicKey' in event) this.#applyToPeer(device, event, now)
  }

  /** Shown where its devices would be. */
  #failBackend({ backend, error }: Extract<WatchEvent, { type: 'backend-failed' }>): void {
    const name = rowOf(backend)
    const shown = this.devices.get(name) ?? new DeviceActivity(name)
    shown.failure = error.message
    this.devices.set(name, shown)
  }

  /** @param interval milliseconds between ticks */
  tick(now: number, interval: number): void {
    for (const peer of this.#active) {
      if (!peer.tick(now, interval)) this.#active.delete(peer)
    }
  }

  #applyToPeer(
    device: DeviceActivity,
    event: Extract<DeviceEvent, { publicKey: PublicKey }>,
    now: number,
  ): void {
    device.failure = undefined
    const { publicKey } = event
    const peer = device.peers.get(publicKey)
    if (event.type === 'peer-added') {
      if (peer) this.#active.delete(peer)
      device.peers.set(publicKey, new PeerActivity(event.peer))
    } else if (event.type === 'peer-removed') {
      device.peers.delete(publicKey)
      if (peer) this.#active.delete(peer)
    } else if (peer) {
      this.#change(peer, event, now)
    }
  }

  #change(peer: PeerActivity, event: DeviceEvent, now: number): void {
    if (event.type === 'peer-changed') peer.peer = event.peer
    else if (event.type === 'peer-roamed') peer.peer = { ...peer.peer, endpoint: event.endpoint }
    else if (event.type === 'peer-stale') peer.isStale = true
    else if (event.type === 'peer-handshake') {
      peer.lastHandshake = event.at
      peer.isStale = false
    } else if (event.type === 'peer-transfer') {
      peer.transfer(event, now)
      this.#active.add(peer)
    }
  }

  #rename(from: string, to: string): void {
    const device = this.devices.get(from)
    if (!device) return
    this.devices.delete(from)
    device.name = to
    this.devices.set(to, device)
  }

  #remove(name: string): void {
    for (const peer of this.devices.get(name)?.peers.values() ?? []) this.#active.delete(peer)
    this.devices.delete(name)
  }
}
