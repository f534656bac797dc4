import { networkInterfaces } from 'node:os'
import {
  type Backend,
  type CallOptions,
  type Device,
  type DeviceConfig,
  runInTurns,
} from '@wgctrl/types'
import { wipeSecrets } from '../interface/context.js'
import type { Change } from './change.js'
import { type DiffOptions, diffSteps } from './diff.js'

export interface SyncOptions extends DiffOptions, CallOptions {
  /** Finds the changes and sends nothing. */
  readonly dryRun?: boolean | undefined
}

/** Turns names in endpoints into addresses, once the device was read. */
export type ResolveDesired = (desired: DeviceConfig, current: Device) => Promise<DeviceConfig>

/**
 * Makes a device what it should be by sending the differences alone; none, and nothing is sent. See
 * `diffDevice` for what the desired state means.
 *
 * @returns the changes, made or (`dryRun`) to be made
 * @throws {TypeError | RangeError | WireGuardError} `EINVAL` with `path`, and as `device` and `configure`
 */
export async function syncDevice(
  backend: Pick<Backend, 'device' | 'configure'>,
  name: string,
  desired: DeviceConfig,
  options: SyncOptions & { readonly resolve?: ResolveDesired } = {},
): Promise<readonly Change[]> {
  const { signal, timeout, dryRun, keep, interfaceIndex = scopeOf } = options
  const started = performance.now()
  const current = await backend.device(name, { signal, timeout })
  try {
    const resolved = (await options.resolve?.(desired, current)) ?? desired
    const diff = diffSteps(current, resolved, { keep, interfaceIndex })
    const { changes, config } = await runInTurns(diff)
    if (dryRun || changes.length === 0) return changes
    const left = timeout && Math.max(1, timeout - (performance.now() - started))
    await backend.configure(name, config, { signal, timeout: left })
    return changes
  } finally {
    wipeSecrets(current)
  }
}

/** The scope of an interface's link-local addresses is its index (RFC 4007). */
function scopeOf(name: string): number | undefined {
  const interfaces = networkInterfaces()
  const addresses = Object.hasOwn(interfaces, name) ? interfaces[name] : []
  return addresses?.find((address) => address.family === 'IPv6' && address.scopeid > 0)?.scopeid
}
