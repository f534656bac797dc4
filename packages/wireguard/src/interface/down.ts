import {
  AbortError,
  checkFields,
  checkInterfaceName,
  Deadline,
  WireGuardError,
  wipeDevice,
} from '@wgctrl/types'
import { DOWN_OPTIONS, INTERFACE_FIELDS } from '../option-fields.js'
import { checkContext, type InterfaceContext } from './context.js'
import { currentConfig } from './current.js'
import { removePair } from './default-route.js'
import { hasDns, unsetDns } from './dns.js'
import { canFindFirewall, type FirewallChoice, removeFirewall } from './firewall.js'
import { removeForwardingRules } from './forwarding.js'
import { askDaemon, type FoundInterface, findInterface } from './found-interface.js'
import { runHooks } from './hooks.js'
import {
  type CheckedInterface,
  checkInterface,
  type Hook,
  type InterfaceConfig,
} from './interface-config.js'
import { removeDevice, removeStaleSocket } from './link.js'
import type { Machine, Place, Rtnl } from './machine.js'
import { removeStandbys } from './standby-route.js'
import type { HookRun } from './step-change.js'
import { thisMachine } from './this-machine.js'
import { Transaction } from './transaction.js'
import type { InterfaceOptions } from './up.js'
import type { InterfaceWarning } from './warning.js'

export interface DownOptions extends InterfaceOptions {
  /**
   * With `saveConfig` in the config: takes what the interface is before it goes. The secrets in it belong
   * to whoever takes it.
   */
  readonly save?: ((current: InterfaceConfig) => unknown) | undefined
}

/** What came of `down`. */
export interface DownResult {
  readonly name: string
  readonly warnings: readonly InterfaceWarning[]
}

/**
 * Removes an interface and what `up` or wg-quick(8) made for it: rules, routes, firewall rules, name
 * servers, the daemon. What there is to remove is read from the system, so it does not matter who made it,
 * when, and whether the daemon lives; a second call finishes what a first one could not.
 *
 * @param target a name, or the config that `up` was given. Of a config count the hooks, whether there are name
 *   servers, `table`, which says that rules of the same shape as ours are not ours, `firewallMark` and
 *   `saveConfig`; what else is in it may be wrong
 * @throws {StepError} `step` says what could not be removed first, `failures` what else; the rest was
 * @throws {WireGuardError} `ENODEV` when nothing of it is there, `ENOTWIREGUARD`
 */
export async function bringDown(
  context: InterfaceContext,
  target: string | InterfaceConfig,
  options: DownOptions = {},
): Promise<DownResult> {
  checkFields(options, 'options', DOWN_OPTIONS)
  checkContext(context)
  const config = typeof target === 'string' ? { name: target } : target
  const hooks = checkHooksAlone(config)
  new Deadline(options).end()
  const rtnl = await (context.machine ?? thisMachine).openRtnl(context.netns)
  const transaction = new Transaction('down', config.name, options)
  try {
    return await new Down(context, config, hooks, options, transaction, rtnl).run()
  } catch (error) {
    throw options.signal?.aborted
      ? new AbortError(options.signal.reason)
      : transaction.failed(error)
  } finally {
    await rtnl.close()
  }
}

/** Nobody has to mend a config before the interface can go: of what else is wrong nothing is needed. */
export function checkHooksAlone(config: InterfaceConfig): CheckedInterface['hooks'] {
  checkFields(config, 'config', INTERFACE_FIELDS, '')
  checkInterfaceName(config.name)
  return checkInterface({ hooks: config.hooks }).hooks
}

class Down {
  readonly #context: InterfaceContext
  readonly #name: string
  readonly #config: InterfaceConfig
  readonly #hooks: CheckedInterface['hooks']
  readonly #options: DownOptions
  readonly #transaction: Transaction
  readonly #rtnl: Rtnl
  readonly #failures: unknown[] = []
  readonly #warnings: InterfaceWarning[] = []

  constructor(
    context: InterfaceContext,
    config: InterfaceConfig,
    hooks: CheckedInterface['hooks'],
    options: DownOptions,
    transaction: Transaction,
    rtnl: Rtnl,
  ) {
    this.#context = context
    this.#name = config.name
    this.#config = config
    this.#hooks = hooks
    this.#options = options
    this.#transaction = transaction
    this.#rtnl = rtnl
  }

  /** Whatever cannot be removed, the rest is, and PostDown has its turn. */
  async run(): Promise<DownResult> {
    const found = await this.#runPreDown(await this.#find())
    await this.#save(found)
    await this.#removeAround(found)
    await this.#remove(found)
    await this.#removeForwarding(found)
    for (const hook of this.#hooks.postDown) {
      await this.#collect(() => this.#runHooks('PostDown', [hook]))
    }
    await this.#transaction.settle()
    const [first, ...others] = this.#failures
    if (first !== undefined) throw this.#transaction.failed(first, others)
    return { name: this.#name, warnings: this.#warnings }
  }

  async #find(): Promise<FoundInterface> {
    const { firewallMark, table = 'auto' } = this.#config
    const found = await findInterface({
      ...this.#search,
      rtnl: this.#rtnl,
      hasRules: table === 'auto',
      mark: typeof firewallMark === 'number' ? firewallMark : undefined,
      firewall: this.#firewall,
    })
    const { link, forwards, firewall, pairs, standbys } = found
    const isThere = link || forwards || [...firewall, ...pairs, ...standbys].length > 0
    if (!isThere) await this.#refuseMissing()
    return found
  }

  get #machine(): Machine {
    return this.#context.machine ?? thisMachine
  }

  get #firewall(): FirewallChoice {
    return this.#options.firewall ?? 'auto'
  }

  get #place(): Place {
    return { machine: this.#machine, netns: this.#context.netns, signal: this.#options.signal }
  }

  get #search() {
    const { signal, timeout } = this.#options
    return { context: this.#context, machine: this.#machine, name: this.#name, signal, timeout }
  }

  get #dns() {
    return { name: this.#name, choice: this.#options.dns ?? 'auto', options: this.#place } as const
  }

  /** Without link and rules only name servers and the socket of a dead daemon may be left. */
  async #refuseMissing(): Promise<void> {
    if (await hasDns(this.#dns)) return
    const isStale = await askDaemon(this.#search).then(
      () => false,
      (error) => error.code === 'ECONNREFUSED',
    )
    if (isStale) return
    const text = `there is no interface ${this.#name}`
    throw new WireGuardError(text, { code: 'ENODEV', operation: 'down', device: this.#name })
  }

  /** @returns what there is after it */
  async #runPreDown(found: FoundInterface): Promise<FoundInterface> {
    const { preDown } = this.#hooks
    if (!found.link || preDown.length === 0) return found
    if (found.device) wipeDevice(found.device)
    await this.#runHooks('PreDown', preDown)
    return await this.#find()
  }

  async #save({ link, device, isHung }: FoundInterface): Promise<void> {
    const { save } = this.#options
    const base = this.#config
    const isAsked = base.saveConfig === true && save !== undefined
    if (isAsked && isHung) {
      const message = 'the config is not saved: the daemon does not answer'
      this.#warn({ code: 'ENOSAVE', message })
    }
    if (!link || !device) return
    if (!isAsked) return wipeDevice(device)
    const { netns } = this.#context
    await this.#transaction.step('save the config', async () => {
      await save(
        await currentConfig({
          ...{ rtnl: this.#rtnl, index: link.index, machine: this.#machine, netns, device, base },
        }),
      )
    })
  }

  async #removeAround({ link, firewall, pairs, standbys }: FoundInterface): Promise<void> {
    const { signal } = this.#options
    const place = this.#place
    await this.#removeDns(link?.index)
    for (const found of firewall) {
      await this.#attempt(`remove the IPv${found.family} firewall rules`, () =>
        removeFirewall(found, this.#name, place, this.#firewall),
      )
    }
    if (pairs.length > 0 && !(await canFindFirewall(this.#firewall, place))) {
      const message =
        'neither nf_tables nor iptables-save can be asked: firewall rules of it may be left'
      this.#warn({ code: 'ENOFIREWALL', message })
    }
    if (standbys.length > 0) {
      await this.#attempt('remove the routes that stood in', () =>
        removeStandbys(this.#rtnl, standbys, signal),
      )
    }
    for (const pair of pairs) {
      await this.#attempt(`remove the IPv${pair.family} rules for mark ${pair.mark}`, () =>
        removePair(this.#rtnl, pair, signal),
      )
    }
  }

  async #removeDns(index: number | undefined): Promise<void> {
    const target = { ...this.#dns, index }
    const isKnown = (this.#config.dns?.servers ?? []).length > 0 || (await hasDns(target))
    if (isKnown) await this.#attempt('take back the name servers', () => unsetDns(target))
  }

  async #remove(found: FoundInterface): Promise<void> {
    const { kind } = found
    const { signal } = this.#options
    const { wg } = this.#context
    if (!kind) await this.#attempt('remove the socket of a dead daemon', () => this.#removeSocket())
    else {
      const isHung = found.isHung || (kind === 'userspace' && (await this.#hangsByNow()))
      const step = isHung
        ? 'end the daemon that does not answer, and remove the interface'
        : 'remove the interface'
      await this.#attempt(step, () =>
        removeDevice(this.#rtnl, this.#name, kind, wg, { signal, removeHung: isHung }),
      )
    }
  }

  /** It was read a while ago: name servers and rules were removed meanwhile, and what saves the config was run. */
  async #hangsByNow(): Promise<boolean> {
    return (await askDaemon(this.#search).catch(() => 'gone')) === 'hung'
  }

  /** After the interface, so that nothing passes meanwhile that they drop. */
  async #removeForwarding({ forwards }: FoundInterface): Promise<void> {
    if (!forwards) return
    const { timeout } = this.#options
    await this.#attempt('remove the rules for forwarding', () =>
      removeForwardingRules(this.#name, { ...this.#place, firewall: this.#firewall, timeout }),
    )
  }

  async #removeSocket(): Promise<void> {
    const { signal, timeout } = this.#options
    // A daemon that answers, or that others can tell to be slow, has its link elsewhere: it has not died.
    const isHeld = await askDaemon(this.#search).then(
      () => true,
      () => false,
    )
    if (!isHeld) await removeStaleSocket(this.#context.wg, this.#name, { signal, timeout })
  }

  /** A step whose failure does not keep the others from being taken. */
  #attempt(step: string, body: () => Promise<void>): Promise<void> {
    return this.#collect(() => this.#transaction.step(step, body))
  }

  async #collect(body: () => Promise<void>): Promise<void> {
    try {
      await body()
    } catch (error) {
      if (this.#options.signal?.aborted) throw error
      this.#failures.push(this.#transaction.failed(error))
    }
  }

  async #runHooks(kind: HookRun['when'], hooks: readonly Hook[]): Promise<void> {
    const { signal, hooks: mode, configFile } = this.#options
    const target = { name: this.#name, netns: this.#context.netns, configFile, signal }
    await runHooks(this.#transaction, kind, hooks, target, this.#machine, mode, (warning) =>
      this.#warn(warning),
    )
    await this.#transaction.settle()
  }

  #warn(warning: InterfaceWarning): void {
    this.#warnings.push(warning)
    this.#transaction.heed(this.#options.onWarning?.(warning))
  }
}
