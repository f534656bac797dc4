import { WireGuardError } from '@wgctrl/types'
import type { Backends } from '../backends.js'
import type { Turn } from '../device-line.js'
import type { Machine } from '../interface/machine.js'
import type { Namespace } from '../interface/namespace.js'

/** Where the interfaces of a client are. */
export interface InterfacePlace {
  readonly backends: Backends
  readonly machine: Machine
  readonly netns: Namespace | undefined
}

/** Keeps other processes away from an interface. A call that is part of a turn has the lock from there. */
export async function lockInterface(
  { machine, netns }: InterfacePlace,
  name: string,
  turn: Turn,
  signal: AbortSignal,
): Promise<Disposable | undefined> {
  if (turn.isNested) return undefined
  return await machine.holdLock(name, { netns, signal })
}

/** The same where devices are network interfaces of a system that has such locks. */
export async function lockIfLink(
  place: InterfacePlace,
  name: string,
  turn: Turn,
  signal: AbortSignal,
): Promise<Disposable | undefined> {
  const { backends } = place
  const isLinux = process.platform === 'linux' || backends.machine !== undefined
  if (!isLinux || !backends.hasLinks) return undefined
  try {
    return await lockInterface(place, name, turn, signal)
  } catch (error) {
    // Where netlink is out of reach nobody brings interfaces up or down.
    if (error instanceof WireGuardError && error.code === 'EUNSUPPORTED') return undefined
    throw error
  }
}
