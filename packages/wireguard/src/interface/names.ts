import { type CallOptions, Deadline, type DeviceConfig, withCheckedConfig } from '@wgctrl/types'
import { type LookupRetry, PLACEHOLDER, withPlaceholders } from '../resolve.js'
import { callersTime } from '../time-left.js'
import type { InterfaceContext } from './context.js'

export interface NameOptions extends CallOptions {
  readonly onRetry?: ((retry: LookupRetry) => unknown) | undefined
}

/** The same config with every endpoint an address. How long that may take: {@link callersTime}. */
export async function resolveNames(
  { resolver }: Pick<InterfaceContext, 'resolver'>,
  config: DeviceConfig,
  options: NameOptions,
): Promise<DeviceConfig> {
  using deadline = new Deadline(callersTime(options))
  return await resolver.resolve(config, deadline.signal, options.onRetry)
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
