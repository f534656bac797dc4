import { WireGuardError } from '@wgctrl/types'
import { hostOf } from './address.js'
import { addDefaultRoute, removeRules } from './default-route.js'
import { addFirewall, type FirewallChoice } from './firewall.js'
import type { OpenHandle, ReconcilePlan } from './interface-diff.js'
import type { Transaction } from './transaction.js'
import type { InterfaceWarning } from './warning.js'

/** What is asked while changes are made. */
interface ApplyOptions {
  readonly firewall: FirewallChoice
  readonly onWarning?: ((warning: InterfaceWarning) => void) | undefined
}

/** Makes the changes of a plan, in an order in which no packet of what stays is lost. */
export class Application {
  readonly #handle: OpenHandle
  readonly #plan: ReconcilePlan
  readonly #transaction: Transaction
  readonly #options: ApplyOptions

  constructor(
    handle: OpenHandle,
    plan: ReconcilePlan,
    transaction: Transaction,
    options: ApplyOptions,
  ) {
    this.#handle = handle
    this.#plan = plan
    this.#transaction = transaction
    this.#options = options
  }

  /** The device before its routes, so that no route leads to a peer that is not there yet. */
  async run(): Promise<void> {
    await this.#removeDefaults()
    await this.#configure()
    await this.#changeAddresses()
    await this.#changeLink()
    await this.#changeRoutes()
    await this.#addDefaults()
    await this.#changeFirewall()
  }

  #step(step: string, body: () => Promise<void>): Promise<void> {
    return this.#transaction.step(step, body)
  }

  async #removeDefaults(): Promise<void> {
    const { removeDefaults, before, firewall, defaultRoutes } = this.#plan
    const { rtnl, signal } = this.#handle
    for (const family of removeDefaults) {
      await this.#step(`remove the IPv${family} rules for mark ${before}`, async () => {
        await removeRules(rtnl, before, signal, family)
        for (const found of firewall) if (found.family === family) await found.remove()
        for (const route of defaultRoutes) {
          if (route.family === family) await rtnl.deleteRoute(route, { signal })
        }
      })
    }
  }

  async #configure(): Promise<void> {
    const { config } = this.#plan
    const { wg, name, call } = this.#handle
    if (Object.keys(config).length === 0) return
    await this.#step('configure the device', () => wg.configure(name, config, call))
  }

  async #changeAddresses(): Promise<void> {
    const { addAddresses, removeAddresses } = this.#plan
    const { rtnl, index, signal } = this.#handle
    const coming = new Set(addAddresses.map(hostOf))
    // IPv6 has an address once, whatever its prefix length: such a one goes before it comes anew.
    const isInTheWay = (address: string): boolean =>
      address.includes(':') && coming.has(hostOf(address))
    const remove = async (address: string): Promise<void> => {
      await this.#step(`remove the address ${address}`, () =>
        rtnl.deleteAddress({ index, address }, { signal }).catch(ignoreGone),
      )
    }
    for (const address of removeAddresses.filter(isInTheWay)) await remove(address)
    for (const address of addAddresses) {
      await this.#step(`add the address ${address}`, () =>
        rtnl.addAddress({ index, address }, { signal }),
      )
    }
    for (const address of removeAddresses) if (!isInTheWay(address)) await remove(address)
  }

  async #changeLink(): Promise<void> {
    const { mtu, switchOn } = this.#plan
    const { rtnl, index, signal } = this.#handle
    if (mtu === undefined && !switchOn) return
    const up = switchOn ? true : undefined
    await this.#step('set the MTU and switch the interface on', () =>
      rtnl.changeLink(index, { mtu, up }, { signal }),
    )
  }

  async #changeRoutes(): Promise<void> {
    const { addRoutes, removeRoutes } = this.#plan
    const { rtnl, index, signal } = this.#handle
    for (const { destination, table } of addRoutes) {
      await this.#step(`add the route ${destination}`, () =>
        rtnl.addRoute({ destination, table, link: index }, { signal }),
      )
    }
    for (const route of removeRoutes) {
      await this.#step(`remove the route ${route.destination}`, () =>
        rtnl.deleteRoute(route, { signal }).catch(ignoreGone),
      )
    }
  }

  async #addDefaults(): Promise<void> {
    const { addDefaults, mark } = this.#plan
    const { firewall, onWarning } = this.#options
    const warn = (warning: InterfaceWarning): void => onWarning?.(warning)
    for (const family of addDefaults) {
      await addDefaultRoute(this.#transaction, this.#handle, family, mark, firewall, warn)
    }
  }

  async #changeFirewall(): Promise<void> {
    const { guards, firewall, mark } = this.#plan
    const { name, netns, signal } = this.#handle
    for (const { family, addresses } of guards) {
      await this.#step(`change the IPv${family} firewall rules`, async () => {
        const rules = { name, family, mark, addresses }
        const found = firewall.find((one) => one.family === family)
        if (found) await found.replace(rules)
        else await addFirewall(this.#options.firewall, rules, { netns, signal })
      })
    }
  }
}

/** A route goes by itself with the address that it prefers, a secondary address with its primary one. */
function ignoreGone(error: unknown): void {
  const code = error instanceof WireGuardError ? error.code : ''
  if (code !== 'ESRCH' && code !== 'EADDRNOTAVAIL') throw error
}
