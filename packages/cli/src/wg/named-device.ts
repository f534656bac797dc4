import type { Device, Peer } from '@wgctrl/types'

/** A peer as a device has it, with what its file calls it. */
export interface NamedPeer extends Peer {
  /** Absent: its file does not say, or was not asked. */
  readonly name?: string | undefined
}

export interface NamedDevice extends Device {
  readonly peers: NamedPeer[]
}
