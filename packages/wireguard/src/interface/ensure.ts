import { checkFields, WireGuardError } from '@wgctrl/types'
import { ENSURE_OPTIONS } from '../option-fields.js'
import { checkContext, type InterfaceContext } from './context.js'
import type { InterfaceChange } from './interface-change.js'
import { checkNamedInterface, type InterfaceConfig } from './interface-config.js'
import { type ReconcileOptions, reconcile } from './reconcile.js'
import { thisMachine } from './this-machine.js'
import { bringUp, foreseeUp, type UpOptions, type UpPlan, type UpResult } from './up.js'

/** With `dryRun` it says what would be done, and does nothing. */
export type EnsureOptions = UpOptions & Pick<ReconcileOptions, 'keepPeers'>

/** What it took to bring an interface there. */
export type EnsureResult =
  /** It was not there. `up` is what came of making it; with `dryRun` it was not made, and `plan` says how it would be. */
  | { readonly action: 'up'; readonly up?: UpResult; readonly plan?: UpPlan }
  /** It was there, and differed. */
  | { readonly action: 'reconcile'; readonly changes: readonly InterfaceChange[] }
  /** It was there and right: nothing was sent. */
  | { readonly action: 'none' }

/**
 * Makes an interface what a config says, whatever is there: `up` when there is none of its name, else `reconcile`.
 *
 * @throws as {@link bringUp} and {@link reconcile}; `ENOTWIREGUARD` when the name is that of another kind of interface
 */
export async function ensure(
  context: InterfaceContext,
  config: InterfaceConfig,
  options: EnsureOptions = {},
): Promise<EnsureResult> {
  checkFields(options, 'options', ENSURE_OPTIONS)
  checkContext(context)
  checkNamedInterface(config)
  const { dryRun = false, keepPeers, ...upOptions } = options
  if (!(await isThere(context, config.name, options.signal))) {
    return dryRun
      ? { action: 'up', plan: await foreseeUp(context, config, upOptions) }
      : { action: 'up', up: await bringUp(context, config, upOptions) }
  }
  const { name, ...settings } = config
  const { signal, timeout, firewall, onStep, onWarning, onRetry } = options
  const changes = await reconcile(context, name, settings, {
    ...{ signal, timeout, firewall, onStep, onWarning, onRetry },
    dryRun,
    keepPeers,
  })
  return changes.length === 0 ? { action: 'none' } : { action: 'reconcile', changes }
}

async function isThere(
  { netns, machine = thisMachine }: InterfaceContext,
  name: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  await using rtnl = await machine.openRtnl(netns)
  try {
    await rtnl.link(name, { signal })
    return true
  } catch (error) {
    if (error instanceof WireGuardError && error.code === 'ENODEV') return false
    throw error
  }
}
