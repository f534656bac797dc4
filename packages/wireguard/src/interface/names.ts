import { type CallOptions, Deadline, type DeviceConfig, withCheckedConfig } from '@wgctrl/types'
import { type LookupRetry, PLACEHOLDER, withPlaceholders } from '../resolve.js'
import type { InterfaceContext } from './context.js'

export interface NameOptions extends CallOptions {
  readonly onRetry?: ((retry: LookupRetry) => unknown) | undefined
}

/**
 * The same config with every endpoint an address. How long that may take, says the number of tries; a timeout
 * counts that the caller gave, and not the one that other calls have without.
 */
export async function resolveNames(
  { resolver }: Pick<InterfaceContext, 'resolver'>,
  config: DeviceConfig,
  { signal, timeout = Number.POSITIVE_INFINITY, onRetry }: NameOptions,
): Promise<DeviceConfig> {
  using deadline = new Deadline({ signal, timeout })
  return await resolver.resolve(config, deadline.signal, onRetry)
}

/**
 * Checks the device's part of a config whose endpoints may be names, without looking one up.
 *
 * @throws {TypeError | RangeError | WireGuardError} `EINVAL`; `path` names the field
 */
export async function checkDevice(config: DeviceConfig, options: CallOptions): Promise<void> {
  using deadline = new Deadline(options)
  const { signal } = deadline
  const placeholders = await withPlaceholders(config, PLACEHOLDER)
  await withCheckedConfig(placeholders, (checked) => checked(signal))
}
