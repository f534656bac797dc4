import type { Backend, Capabilities, DeviceConfig, DeviceKind } from '@wgctrl/types'
import type { Change, SyncOptions } from 'wgctrl'

/** Makes a device what it should be. A backend has no call for it: `syncDevice` does that with one. */
export type SyncCall = (
  name: string,
  desired: DeviceConfig,
  options?: SyncOptions,
) => Promise<readonly Change[]>

/** What the suite calls: a backend, or the facade over some. */
export type Subject = Required<
  Pick<Backend, 'list' | 'device' | 'peers' | 'configure' | 'create' | 'delete'>
> &
  Pick<Backend, 'activity' | 'compared'> & { readonly sync?: SyncCall }

/** What devices of a harness differ in. Each case asserts one side or the other. */
export interface Traits extends Capabilities {
  readonly kind: DeviceKind
  /** Devices open their UDP port: they choose one of their own and cannot have one that is taken. */
  readonly bindsPorts: boolean
  /** The private key can be read back. boringtun gives out the public key alone. */
  readonly showsPrivateKey: boolean
  /** A call is over before its caller can abort it. */
  readonly immediate: boolean
  /** The system keeps unprivileged processes from the devices. */
  readonly guarded: boolean
  /** The name of an endpoint's scope is looked up among the links that there are. */
  readonly findsScopes: boolean
  /** Host names in endpoints are resolved: the facade's work. */
  readonly resolvesNames: boolean
  /** Devices are reached through UAPI sockets that are files: {@link Stage.socketDir} is there. */
  readonly hasSockets: boolean
  /** What devices there are can be found out. Else one can be called by its name alone. */
  readonly lists: boolean
  /** Devices may have any name that a link can have; else one that can be part of a path. */
  readonly takesLinkNames: boolean
  /** A reading can be of whether peers are there alone. */
  readonly showsActivity: boolean
  /** A reading leaves out the peers that are as expected: that is seen at a glance, in the form that most have. */
  readonly compares: boolean
  /** What asking for `lo`, a link of another kind, gives. */
  readonly otherLink: 'ENODEV' | 'ENOTWIREGUARD'
  /** A read may end with `EINTR` when the device changes meanwhile; else it is of one moment. */
  readonly tornReads: boolean
  /** What becomes of `extra`: it is kept and shown, or refused with this code, by the device or before it is asked. */
  readonly extra: 'kept' | 'EINVAL' | 'EUNSUPPORTED'
}

/** Where the devices of one run of the suite live. */
export interface Stage {
  readonly subject: Subject
  /** Another client of the same devices, as another program would be. */
  another(): Promise<Subject>
  /** Makes a device of a name that nobody else has, up where its kind can be up. */
  createDevice(): Promise<string>
  /** Whether or not the device is still there. */
  removeDevice(name: string): Promise<void>
  /** Makes a device that takes requests and never answers. Absent: no device here can be so. */
  createSilentDevice?(): Promise<string>
  /** Where the devices' UAPI sockets are. */
  readonly socketDir?: string
  teardown(): Promise<void>
}

/** Devices of one kind, reached in one way: what a page binds the suite to. */
export interface Harness {
  readonly name: string
  readonly traits: Traits
  setup(): Promise<Stage>
}

let count = 0

/** A name that no other process and no other case uses: `wg`, the pid and a count. */
export function uniqueName(): string {
  return `wg${process.pid.toString(36)}x${(count++).toString(36)}`
}
