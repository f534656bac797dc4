import type { FakeDevice } from '@wgctrl/types/testing'

/**
 * What the fake understands:
 * - `wireguard-go`: everything that the protocol has
 * - `wireguard-go-2022`: no `allowed_ip=-…`, as Debian 12 ships it
 * - `boringtun`: with the peculiarities of boringtun 0.7
 */
export type FakeImplementation = 'wireguard-go' | 'wireguard-go-2022' | 'boringtun'

/** A device and how its daemon speaks. */
export class FakeDaemon {
  readonly device: FakeDevice
  readonly implementation: FakeImplementation
  /** boringtun takes zeros for a key; the device is the one place that takes them for none. */
  hasKeyOfZeros = false
  #hadKey = false

  constructor(device: FakeDevice, implementation: FakeImplementation) {
    this.device = device
    this.implementation = implementation
  }

  get isBoringtun(): boolean {
    return this.implementation === 'boringtun'
  }

  /** boringtun panics over a peer before it has a key; one that it has it keeps. */
  get hasKey(): boolean {
    this.#hadKey ||= this.hasKeyOfZeros || this.device.snapshot().publicKey !== undefined
    return this.#hadKey
  }

  hasPeer(publicKey: string): boolean {
    return this.device.pretend(publicKey, {})
  }
}
