import type { Device, Endpoint } from '@wgctrl/types'
import { isLinkLocal } from '../handshakes/packet.js'

/** The index of a network interface by its name. */
export type InterfaceIndex = (name: string) => number | undefined

/** What is known of the scopes of a device's endpoints. */
export interface Scopes {
  readonly index: InterfaceIndex
  /** One that is not shown is not there. */
  readonly areShown: boolean
}

/** True of the kernel, and of a daemon that shows one: that of wireguard-go of 2022 shows none, later ones all. */
export function showsScopes({ kind, peers }: Device): boolean {
  return kind === 'linux-kernel' || peers.some(({ endpoint }) => endpoint?.scopeId !== undefined)
}

/**
 * True when a device that has one endpoint need not be given the other. A scope that one of them lacks is no
 * difference, but where the device would show it and a link-local address needs it: of others the kernel forgets
 * it once the peer was heard from.
 */
export function isSameEndpoint(current: Endpoint, wanted: Endpoint, scopes: Scopes): boolean {
  if (current.port !== wanted.port || current.address !== wanted.address) return false
  if (wanted.scopeId === undefined) return true
  if (current.scopeId === undefined) return !(scopes.areShown && isLinkLocal(wanted))
  return indexOf(current.scopeId, scopes) === indexOf(wanted.scopeId, scopes)
}

function indexOf(id: number | string, { index }: Scopes): number | string {
  return typeof id === 'string' ? (index(id) ?? id) : id
}
