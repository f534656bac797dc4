import type { Endpoint } from '@wgctrl/types'

/** The index of a network interface by its name. */
export type InterfaceIndex = (name: string) => number | undefined

/**
 * True when a device that has one endpoint need not be given the other. A scope that one of them lacks
 * is no difference: wireguard-go takes it and does not show it.
 */
export function isSameEndpoint(
  current: Endpoint,
  wanted: Endpoint,
  interfaceIndex: InterfaceIndex,
): boolean {
  if (current.port !== wanted.port || current.address !== wanted.address) return false
  if (current.scopeId === undefined || wanted.scopeId === undefined) return true
  return scope(current.scopeId, interfaceIndex) === scope(wanted.scopeId, interfaceIndex)
}

function scope(id: number | string, interfaceIndex: InterfaceIndex): number | string {
  return typeof id === 'string' ? (interfaceIndex(id) ?? id) : id
}
