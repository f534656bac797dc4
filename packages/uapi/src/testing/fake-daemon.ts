import type { CheckedConfig } from '@wgctrl/types'
import type { FakeDevice } from '@wgctrl/types/testing'

/**
 * What the fake understands:
 * - `wireguard-go`: everything that the protocol has
 * - `wireguard-go-2022`: no `allowed_ip=-…`, and no scope of an endpoint is shown, as Debian 12 ships it
 * - `amneziawg-go`: as wireguard-go, and what AmneziaWG 3.1 has
 * - `boringtun`: with the peculiarities of boringtun 0.7
 */
export type FakeImplementation = 'wireguard-go' | 'wireguard-go-2022' | 'amneziawg-go' | 'boringtun'

/** A change of nothing. */
export const UNCHANGED: CheckedConfig = { replacePeers: false, peers: [] }

/** What one shows that nobody has configured. */
const NEW_AMNEZIA = { h1: 1, h2: 2, h3: 3, h4: 4, randomTrailers: false, disableCookies: false }

/** A device and how its daemon speaks. */
export class FakeDaemon {
  readonly device: FakeDevice
  readonly implementation: FakeImplementation
  /** boringtun takes zeros for a key; the device is the one place that takes them for none. */
  hasKeyOfZeros = false
  /** UDP ports that others have. */
  readonly takenPorts: Set<number> = new Set()
  /** Without it marks are refused. */
  mayMark = true
  /** Its UDP sockets were closed, and no others could be opened. */
  isDeaf = false
  #hadKey = false

  constructor(device: FakeDevice, implementation: FakeImplementation) {
    this.device = device
    this.implementation = implementation
    if (this.isAmnezia) device.apply({ ...UNCHANGED, amnezia: NEW_AMNEZIA })
  }

  get isAmnezia(): boolean {
    return this.implementation === 'amneziawg-go'
  }

  get isBoringtun(): boolean {
    return this.implementation === 'boringtun'
  }

  /** boringtun panics over a peer before it has a key; one that it has it keeps. */
  get hasKey(): boolean {
    this.#hadKey ||= this.hasKeyOfZeros || this.device.snapshot().publicKey !== undefined
    return this.#hadKey
  }

  /**
   * Closes the UDP sockets before it tries the port. boringtun shows the port that it had when that fails, the
   * others none.
   *
   * @returns whether the port could be had
   */
  listen(listenPort: number): boolean {
    this.isDeaf = this.takenPorts.has(listenPort)
    if (!this.isDeaf) this.device.apply({ ...UNCHANGED, listenPort })
    else if (!this.isBoringtun) this.device.apply({ ...UNCHANGED, listenPort: 0 })
    return !this.isDeaf
  }

  /** Keeps the mark also when it may not set it. */
  mark(firewallMark: number): boolean {
    this.device.apply({ ...UNCHANGED, firewallMark })
    return this.mayMark
  }

  hasPeer(publicKey: string): boolean {
    return this.device.pretend(publicKey, {})
  }
}
