import { setTimeout as sleep } from 'node:timers/promises'
import type { Link } from '@wgctrl/netlink'
import {
  type CallOptions,
  type CreateOptions,
  type DeviceKind,
  refuseAborted,
  WireGuardError,
} from '@wgctrl/types'
import type { DeviceCalls } from './context.js'
import type { Machine, Rtnl } from './machine.js'
import type { Namespace } from './namespace.js'
import type { Undo } from './transaction.js'

export interface NewDevice {
  readonly name: string
  readonly wg: DeviceCalls
  readonly machine: Machine
  /** Of the interface's namespace. */
  readonly rtnl: Rtnl
  readonly netns: Namespace | undefined
  /** Where the device's UDP socket lives; absent: where the interface is. */
  readonly socketNetns: Namespace | undefined
  readonly options: CreateOptions & { readonly backend?: DeviceKind | undefined }
}

/** Milliseconds between two looks at a link that goes away with its daemon. */
const POLL_INTERVAL = 10

/** How often to look before something is wrong: 10 s. */
const POLL_ATTEMPTS = 1000

/** The namespace that this process is in, for a link to be moved to. */
const OWN_NAMESPACE = '/proc/thread-self/ns/net'

/** The link of that name; `undefined`: there is none. */
export async function findLink(rtnl: Rtnl, name: string): Promise<Link | undefined> {
  try {
    return await rtnl.link(name)
  } catch (error) {
    if (error instanceof WireGuardError && error.code === 'ENODEV') return undefined
    throw error
  }
}

/** Links that are devices of the kernel, of every dialect. */
export const KERNEL_KINDS: readonly string[] = ['wireguard', 'amneziawg']

/** The kind of a device, by its link. Userspace devices are links of kind `tun`. */
export function kindOf(link: Link): DeviceKind | undefined {
  if (link.kind !== undefined && KERNEL_KINDS.includes(link.kind)) return 'linux-kernel'
  return link.kind === 'tun' ? 'userspace' : undefined
}

/** @throws {WireGuardError} `EEXIST` */
export async function refuseTaken(rtnl: Rtnl, name: string): Promise<void> {
  if (!(await findLink(rtnl, name))) return
  throw new WireGuardError(`there is an interface ${name} already`, { code: 'EEXIST' })
}

/**
 * Makes a device in the namespace where its UDP socket shall be. This is not interrupted: of a daemon that
 * is about to go to the background nobody could tell whether it will still make its link.
 *
 * @returns what removes it, wherever it is by then
 */
export async function createDevice(device: NewDevice): Promise<Undo> {
  const { name, wg, netns, socketNetns, options } = device
  const birthplace = socketNetns ?? netns
  const { signal: _, ...uninterrupted } = options
  const place = birthplace === undefined ? {} : { netns: birthplace }
  await wg.create(name, { ...uninterrupted, ...place })
  const made = await inBirthplace(device, (there) => findLink(there, name))
  const kind = (made && kindOf(made)) ?? 'userspace'
  return () => removeNewDevice(device, kind)
}

/** Brings the link from the namespace of its socket into that of the interface. */
export async function moveLink(device: NewDevice): Promise<void> {
  const { name, machine, netns, socketNetns, options } = device
  await using there = await machine.openRtnl(socketNetns)
  await there.changeLink(name, { netns: netns ?? OWN_NAMESPACE }, { signal: options.signal })
}

/**
 * Removes a device whose link is in the namespace of `rtnl`, and waits until the link is gone. What is gone
 * already counts as removed.
 */
export async function removeDevice(
  rtnl: Rtnl,
  name: string,
  kind: DeviceKind,
  wg: DeviceCalls,
  { signal, removeHung }: { signal?: AbortSignal | undefined; removeHung?: boolean } = {},
): Promise<void> {
  const removeLink = (): Promise<void> => rtnl.deleteLink(name, { signal }).catch(ignoreMissing)
  if (kind === 'linux-kernel') return await removeLink()
  await wg
    .delete(name, { backend: kind, removeStale: true, removeHung, signal })
    .catch(ignoreMissing)
  // Its daemon may be one that cannot be seen from here.
  if (removeHung) await removeLink()
  for (let attempt = 0; attempt < POLL_ATTEMPTS; attempt++) {
    if (!(await findLink(rtnl, name))) return
    refuseAborted(signal)
    await sleep(POLL_INTERVAL)
  }
  throw new WireGuardError('its daemon is gone, the link is not', { code: 'ETIMEDOUT' })
}

async function removeNewDevice(device: NewDevice, kind: DeviceKind): Promise<void> {
  const { name, wg, rtnl } = device
  // A daemon that hangs is ours to end: it was started for this.
  const way = { removeHung: kind === 'userspace' }
  if (await findLink(rtnl, name)) return await removeDevice(rtnl, name, kind, wg, way)
  await inBirthplace(device, async (there) => {
    if (await findLink(there, name)) return await removeDevice(there, name, kind, wg, way)
    // Its daemon has died, or somebody else has removed it.
    if (kind === 'userspace') await removeStaleSocket(wg, name)
  })
}

async function inBirthplace<T>(
  { rtnl, machine, socketNetns }: NewDevice,
  body: (rtnl: Rtnl) => Promise<T>,
): Promise<T> {
  if (socketNetns === undefined) return await body(rtnl)
  await using there = await machine.openRtnl(socketNetns)
  return await body(there)
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof WireGuardError) || error.code !== 'ENODEV') throw error
}

/** Removes the socket that a daemon has left behind. None is fine. */
export async function removeStaleSocket(
  wg: DeviceCalls,
  name: string,
  call: CallOptions = {},
): Promise<void> {
  try {
    await wg.delete(name, { ...call, backend: 'userspace', removeStale: true })
  } catch (error) {
    // EUNSUPPORTED: a facade that was opened without userspace devices.
    const code = error instanceof WireGuardError ? error.code : ''
    if (code !== 'ENODEV' && code !== 'EUNSUPPORTED') throw error
  }
}
