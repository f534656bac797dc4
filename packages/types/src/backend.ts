import type { CallOptions } from './call.js'
import type { DeviceConfig } from './config.js'
import type { Device, DeviceActivity, DeviceKind, Peer } from './device.js'
import type { ExpectedPeers } from './expected-peers.js'
import type { PublicKey } from './key.js'

/**
 * What a backend can do beyond reading and configuring. Where one lacks something, the call throws
 * `EUNSUPPORTED` with the capability's name as `feature`.
 */
export interface Capabilities {
  /** {@link Backend.create} and {@link Backend.delete} are there. */
  readonly create: boolean
  /** {@link CreateOptions.mtu} is honoured. */
  readonly mtu: boolean
  /** {@link Device.interfaceIndex} is filled in. */
  readonly interfaceIndex: boolean
  /**
   * Devices are those of one network namespace. Otherwise all of the machine are seen: UAPI sockets
   * live in the file system.
   */
  readonly perNamespace: boolean
  /**
   * The scope of an endpoint can be read back, whatever is behind the backend. wireguard-go shows none in 0.0.20220316;
   * in 0.0.20260522 it shows the one that it was given, and the name of the link once it has heard from there.
   */
  readonly endpointScope: boolean
  /**
   * Devices are network interfaces of this machine, so that addresses, routes and the like can be given to
   * them. A fake has none: `up`, `down`, `reconcile` and `reresolve` refuse it, and leave the machine alone.
   */
  readonly links: boolean
}

/** How a new device is made. */
export interface CreateOptions extends CallOptions {
  /** The network namespace that the device is made in: a name of `ip netns`, a path, or a pid. */
  readonly netns?: string | number | undefined
  /** Bytes. */
  readonly mtu?: number | undefined
  /**
   * Userspace only: the program to start, with arguments; the device's name is added as the last.
   * Absent: `WG_QUICK_USERSPACE_IMPLEMENTATION` of the environment, else `wireguard-go`. What it says once
   * the device is there is thrown away.
   */
  readonly daemon?: string | readonly [string, ...string[]] | undefined
}

/** The peers of a device as they come. */
export interface PeerIterator extends AsyncIterableIterator<Peer> {
  /**
   * Gives out the next peer where it is at hand, without a promise; `undefined`: `next` knows. Not while a `next` is
   * under way. Absent: there is no telling.
   */
  ready?(): Peer | undefined
}

/** A device that was read beside what is expected of it. */
export interface ComparedDevice {
  /** `peers` has those that are not just as expected, or may not be; their secrets are the caller's. */
  readonly device: Device
  /** By place in the expected peers; 1: the device has that peer, in the same words, and `device` has it not. */
  readonly unchanged: Uint8Array
}

/** How a change is made. */
export interface ConfigureOptions extends CallOptions {
  /**
   * Told, while a change is written, how many of its peers have been sent: some times for a long one, at its end
   * for a short one. It is one write all the same. What it throws ends the call half done.
   */
  readonly onProgress?: ((sentPeers: number) => void) | undefined
  /**
   * The device's public key as the caller has read it in the same turn, `null` when it has none: the own key is
   * refused as a peer by it. Absent: the device is asked, which costs a userspace daemon nearly as much as to
   * show all its peers.
   */
  readonly ownKey?: PublicKey | null | undefined
}

/** How a device is removed. */
export interface DeleteOptions extends CallOptions {
  /**
   * Userspace only: also removes the socket file of a daemon that is gone. Absent: such a file is
   * left alone, and the call fails with `ECONNREFUSED`.
   */
  readonly removeStale?: boolean | undefined
  /**
   * Userspace only: a daemon that does not let go of its device within 3 seconds, as one that was stopped, is
   * ended with SIGKILL, where /proc tells which process it is. Absent: it is waited for until the timeout.
   */
  readonly removeHung?: boolean | undefined
}

/**
 * One way to reach WireGuard devices. The kernel and UAPI backends implement it; so can another
 * operating system's, or a fake. Every failure is a `WireGuardError` with the same code on each.
 */
export interface Backend extends AsyncDisposable {
  readonly kind: DeviceKind
  readonly capabilities: Capabilities

  /**
   * Passes when this machine has what the backend needs. The facade asks before it uses a backend
   * that it detected.
   *
   * @throws {WireGuardError} says what is missing and what to do about it
   */
  probe?(options?: CallOptions): Promise<void>

  /**
   * Names a device among all of this process: whatever gives the same text means the same device, and its
   * calls stand in one line. Absent: the device is this object's alone.
   */
  lineOf?(name: string): string

  /** The names of the devices that there are, sorted; those that do not answer included. */
  list(options?: CallOptions): Promise<string[]>

  /** @throws {WireGuardError} `ENODEV`, `ENOTWIREGUARD`, `EPERM`, `EINTR`, `EPROTO`, … */
  device(name: string, options?: CallOptions): Promise<Device>

  /**
   * The same for who looks again and again whether peers are there: of each it has that much and no secret, a third of
   * what `device` has to keep. Absent: `device` does as well.
   *
   * @throws {WireGuardError} as `device`
   */
  activity?(name: string, options?: CallOptions): Promise<DeviceActivity>

  /**
   * The same for who knows what to expect: of the peers that are as they should be nothing is made, which takes a
   * fraction of the time. Absent: `device` does as well.
   *
   * @throws {WireGuardError} as `device`
   */
  compared?(name: string, expected: ExpectedPeers, options?: CallOptions): Promise<ComparedDevice>

  /**
   * The peers of a device one by one, with memory that does not grow with their number. Leaving the
   * loop early ends the read. A device that changes during the read may end it with `EINTR`.
   */
  peers(name: string, options?: CallOptions): PeerIterator

  /** Applies a change. The whole config is checked before anything is sent. */
  configure(name: string, config: DeviceConfig, options?: ConfigureOptions): Promise<void>

  /** Makes a device without keys and peers, down. @throws {WireGuardError} `EEXIST`, `ENOENT` (its namespace) */
  create?(name: string, options?: CreateOptions): Promise<void>

  /**
   * Removes a device. The kernel waits for other processes that read it: a call that ends meanwhile leaves a
   * deletion behind that goes on.
   *
   * @throws {WireGuardError} `ENODEV`
   */
  delete?(name: string, options?: DeleteOptions): Promise<void>
}
