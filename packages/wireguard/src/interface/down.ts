import { type Link, Rtnl } from '@wgctrl/netlink'
import {
  AbortError,
  checkInterfaceName,
  Deadline,
  type Device,
  type DeviceKind,
  WireGuardError,
} from '@wgctrl/types'
import { type InterfaceContext, wipeSecrets } from './context.js'
import { currentConfig } from './current.js'
import { findOwnPairs, removePair } from './default-route.js'
import { listDns, unsetDns } from './dns.js'
import { type FoundFirewall, findFirewall } from './firewall.js'
import { findDeadPairs } from './firewall-mark.js'
import {
  type CheckedInterface,
  checkNamedInterface,
  type Hook,
  type InterfaceConfig,
} from './interface-config.js'
import { findLink, kindOf, removeDevice, removeStaleSocket } from './link.js'
import type { RulePair } from './policy-rule.js'
import { listStandbys, removeStandbys } from './standby-route.js'
import { Transaction } from './transaction.js'
import { type InterfaceOptions, runHooks } from './up.js'

export interface DownOptions extends InterfaceOptions {
  /**
   * With `saveConfig` in the config: takes what the interface is before it goes. The secrets in it belong
   * to whoever takes it.
   */
  readonly save?: ((current: InterfaceConfig) => unknown) | undefined
}

/**
 * Removes an interface and what `up` or wg-quick(8) made for it: rules, routes, firewall rules, name
 * servers, the daemon. What there is to remove is read from the system, so it does not matter who made it,
 * when, and whether the daemon lives; a second call finishes what a first one could not.
 *
 * @param target a name, or the config that `up` was given: it has the hooks, and says with `table` that
 *   rules of the same shape as ours are not ours
 * @throws {StepError} `step` says what could not be removed; the rest was
 * @throws {WireGuardError} `ENODEV` when nothing of it is there, `ENOTWIREGUARD`
 */
export async function bringDown(
  context: InterfaceContext,
  target: string | InterfaceConfig,
  options: DownOptions = {},
): Promise<void> {
  const name = typeof target === 'string' ? target : target?.name
  if (typeof target === 'string') checkInterfaceName(target)
  const config = typeof target === 'string' ? undefined : target
  const checked = config && checkNamedInterface(config)
  new Deadline(options).end()
  const rtnl = await Rtnl.open({ netns: context.netns })
  const transaction = new Transaction('down', name, options)
  try {
    await new Down(context, name, config, checked, options, transaction, rtnl).run()
  } catch (error) {
    throw options.signal?.aborted
      ? new AbortError(options.signal.reason)
      : transaction.failed(error)
  } finally {
    await rtnl.close()
  }
}

/** No daemon serves it; or, where there are no userspace devices or the facade was opened without, none could. */
const NOBODY = new Set(['ENODEV', 'EUNSUPPORTED', 'ENOBACKEND'])

class Down {
  readonly #context: InterfaceContext
  readonly #name: string
  readonly #config: InterfaceConfig | undefined
  readonly #checked: CheckedInterface | undefined
  readonly #options: DownOptions
  readonly #transaction: Transaction
  readonly #rtnl: Rtnl
  readonly #failures: unknown[] = []

  constructor(
    context: InterfaceContext,
    name: string,
    config: InterfaceConfig | undefined,
    checked: CheckedInterface | undefined,
    options: DownOptions,
    transaction: Transaction,
    rtnl: Rtnl,
  ) {
    this.#context = context
    this.#name = name
    this.#config = config
    this.#checked = checked
    this.#options = options
    this.#transaction = transaction
    this.#rtnl = rtnl
  }

  async run(): Promise<void> {
    const { netns } = this.#context
    const { signal } = this.#options
    const link = await findLink(this.#rtnl, this.#name)
    const kind = await this.#kindOf(link)
    const firewall = await findFirewall(this.#name, { netns, signal })
    const device = kind && (await this.#readDevice(kind))
    const pairs = await this.#findPairs(link, device, firewall)
    if (!link && firewall.length === 0 && pairs.length === 0) await this.#refuseMissing()
    if (link) await this.#runHooks('PreDown', this.#checked?.hooks.preDown)
    if (link && device) await this.#save(link, device)
    await this.#removeAround(link, firewall, pairs)
    if (kind) await this.#remove(kind)
    else await this.#attempt('remove the socket of a dead daemon', () => this.#removeSocket())
    if (this.#failures.length > 0) throw this.#failures[0]
    await this.#runHooks('PostDown', this.#checked?.hooks.postDown)
  }

  /** A tun link is a userspace device only if a daemon answers for it. */
  async #kindOf(link: Link | undefined): Promise<DeviceKind | undefined> {
    if (!link) return undefined
    const kind = kindOf(link)
    if (kind === undefined) throw this.#foreign()
    if (kind === 'userspace') {
      await this.#context.wg.device(this.#name, this.#call(kind)).then(wipeSecrets, (error) => {
        throw NOBODY.has(error.code) ? this.#foreign() : error
      })
    }
    return kind
  }

  #foreign(): WireGuardError {
    const text = `${this.#name} is not a WireGuard interface`
    return new WireGuardError(text, {
      code: 'ENOTWIREGUARD',
      operation: 'down',
      device: this.#name,
    })
  }

  #readDevice(kind: DeviceKind): Promise<Device> {
    return this.#context.wg.device(this.#name, this.#call(kind))
  }

  /** Without link and firewall rules only the socket of a dead daemon may be left. */
  async #refuseMissing(): Promise<void> {
    const isStale = await this.#context.wg.device(this.#name, this.#call('userspace')).then(
      () => false,
      (error) => error.code === 'ECONNREFUSED',
    )
    if (isStale) return
    const text = `there is no interface ${this.#name}`
    throw new WireGuardError(text, { code: 'ENODEV', operation: 'down', device: this.#name })
  }

  async #save(link: Link, device: Device): Promise<void> {
    const { save } = this.#options
    const base = this.#config
    if (!base?.saveConfig || !save) return wipeSecrets(device)
    const { netns } = this.#context
    await this.#transaction.step('save the config', async () => {
      await save(await currentConfig({ rtnl: this.#rtnl, index: link.index, netns, device, base }))
    })
  }

  /** The rules of its default route, whatever has died. With another table than `auto` none are ours. */
  async #findPairs(
    link: Link | undefined,
    device: Device | undefined,
    firewall: readonly FoundFirewall[],
  ): Promise<RulePair[]> {
    const { signal } = this.#options
    const { table = 'auto', device: config } = this.#checked ?? {}
    if (table !== 'auto') return []
    const known = [device?.firewallMark, config?.firewallMark, ...firewall.map(({ mark }) => mark)]
    const marks = known.flatMap((mark) => mark || [])
    const own = await findOwnPairs(this.#rtnl, link?.index, marks, signal)
    if (link || marks.length > 0) return own
    const { wg } = this.#context
    return await findDeadPairs({ name: this.#name, rtnl: this.#rtnl, wg, signal })
  }

  async #removeAround(
    link: Link | undefined,
    firewall: readonly FoundFirewall[],
    pairs: readonly RulePair[],
  ): Promise<void> {
    const { signal } = this.#options
    await this.#removeDns()
    for (const { family, remove } of firewall) {
      await this.#attempt(`remove the IPv${family} firewall rules`, remove)
    }
    if (link) await this.#removeStandbys(link.index)
    for (const pair of pairs) {
      await this.#attempt(`remove the IPv${pair.family} rules for mark ${pair.mark}`, () =>
        removePair(this.#rtnl, pair, signal),
      )
    }
  }

  /** Those that a `reconcile` has left that was killed. */
  async #removeStandbys(link: number): Promise<void> {
    const { signal } = this.#options
    const standbys = await listStandbys(this.#rtnl, link, signal)
    if (standbys.length === 0) return
    await this.#attempt('remove the routes that stood in', () =>
      removeStandbys(this.#rtnl, link, signal),
    )
  }

  async #removeDns(): Promise<void> {
    const { signal, dns: choice = 'auto' } = this.#options
    const options = { netns: this.#context.netns, signal }
    const isInNamespace = choice === 'netns' || (choice === 'auto' && options.netns !== undefined)
    const isKnown = this.#checked
      ? this.#checked.dns.servers.length > 0
      : isInNamespace || (await listDns(this.#name, options)) !== undefined
    if (!isKnown) return
    await this.#attempt('take back the name servers', () =>
      unsetDns({ name: this.#name, choice, options }),
    )
  }

  async #remove(kind: DeviceKind): Promise<void> {
    const { signal } = this.#options
    await this.#attempt('remove the interface', () =>
      removeDevice(this.#rtnl, this.#name, kind, this.#context.wg, signal),
    )
  }

  async #removeSocket(): Promise<void> {
    const { wg } = this.#context
    // A daemon that answers has its link elsewhere: it is not the one that died.
    const isAlive = await wg.device(this.#name, this.#call('userspace')).then(
      () => true,
      () => false,
    )
    if (!isAlive) await removeStaleSocket(wg, this.#name, this.#call('userspace'))
  }

  /** A step whose failure does not keep the others from being taken. */
  async #attempt(step: string, body: () => Promise<void>): Promise<void> {
    try {
      await this.#transaction.step(step, body)
    } catch (error) {
      if (this.#options.signal?.aborted) throw error
      this.#failures.push(this.#transaction.failed(error))
    }
  }

  async #runHooks(kind: string, hooks: readonly Hook[] = []): Promise<void> {
    const { signal, hooks: mode, configFile, onWarning } = this.#options
    const target = { name: this.#name, netns: this.#context.netns, configFile, signal }
    await runHooks(this.#transaction, kind, hooks, target, mode, (warning) =>
      this.#transaction.heed(onWarning?.(warning)),
    )
    await this.#transaction.settle()
  }

  #call(kind: DeviceKind) {
    const { signal, timeout } = this.#options
    return { signal, timeout, backend: kind }
  }
}
