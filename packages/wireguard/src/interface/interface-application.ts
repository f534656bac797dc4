import { type NewRoute, RT_TABLE } from '@wgctrl/netlink'
import type { Family } from '@wgctrl/types'
import type { InterfaceHandle } from './context.js'
import {
  ANYWHERE,
  addGuards,
  addRules,
  addTableRoute,
  completeRules,
  removePair,
} from './default-route.js'
import { addFirewall, type FirewallChoice } from './firewall.js'
import { addForwarding, removeForwardingRules } from './forwarding.js'
import { isEmpty } from './forwarding-rules.js'
import type { ReconcilePlan } from './interface-diff.js'
import { ignoreGone, standbyInto, standbyNowhere } from './standby-route.js'
import type { Transaction } from './transaction.js'
import type { InterfaceWarning } from './warning.js'

/** What is asked while changes are made. */
interface ApplyOptions {
  readonly firewall: FirewallChoice
  readonly onWarning?: ((warning: InterfaceWarning) => void) | undefined
}

/** Makes the changes of a plan. */
export class Application {
  readonly #handle: InterfaceHandle
  readonly #plan: ReconcilePlan
  readonly #transaction: Transaction
  readonly #options: ApplyOptions

  constructor(
    handle: InterfaceHandle,
    plan: ReconcilePlan,
    transaction: Transaction,
    options: ApplyOptions,
  ) {
    this.#handle = handle
    this.#plan = plan
    this.#transaction = transaction
    this.#options = options
  }

  /**
   * The device before its routes, so that no route leads to a peer that is not there yet; all ways into the
   * tunnel before those that go, so that no packet for it takes another way in between.
   */
  async run(): Promise<void> {
    await this.#setForwarding()
    await this.#addStandbys()
    await this.#configure()
    await this.#changeLink()
    await this.#changeAddresses()
    await this.#addRoutes()
    await this.#addGuards()
    await this.#addDefaults()
    await this.#removeRoutes()
    await this.#removeDefaults()
    if (!this.#marksEarly) await this.#changeMark()
    await this.#changeFirewall()
  }

  #step(step: string, body: () => Promise<void>): Promise<void> {
    return this.#transaction.step(step, body)
  }

  async #addStandbys(): Promise<void> {
    const { rtnl, signal } = this.#handle
    for (const route of this.#standbys()) {
      await this.#step(`add a route to ${route.destination} that stands in`, () =>
        rtnl.addRoute(route, { replace: true, signal }),
      )
    }
  }

  /** What keeps packets from other ways while the addresses change. */
  #standbys(): NewRoute[] {
    const { addresses, routes, defaults, own, mark, switchOn } = this.#plan
    const { index } = this.#handle
    // A link that is off takes no route.
    const interrupted = switchOn ? [] : addresses.interrupted
    const into = interrupted.map((network) => standbyInto(index, network, RT_TABLE.main))
    if (!addresses.emptiesIPv4) return into
    // The rules of a mark that changes are in force until those of the new one are there.
    const old = own.pairs.filter(({ family }) => family === 4).map((pair) => pair.mark)
    const tables = defaults.includes(4) ? new Set([mark, ...old]) : []
    const lost = [...tables].map((table) => ({ destination: ANYWHERE[4], table }))
    const nowhere = [...routes, ...lost]
      .filter(({ destination }) => !destination.includes(':'))
      .map(({ destination, table }) => standbyNowhere(index, destination, table))
    return [...into, ...nowhere]
  }

  /** Before the device, so that no packet of a new peer passes that should not. */
  async #setForwarding(): Promise<void> {
    const { changes, wanted } = this.#plan.forwarding
    if (changes.length === 0) return
    const { machine, netns, signal, call } = this.#handle
    const { firewall } = this.#options
    const place = { machine, netns, signal, firewall, timeout: call.timeout }
    if (isEmpty(wanted)) {
      return await this.#step('remove the rules for forwarding', () =>
        removeForwardingRules(wanted.name, place),
      )
    }
    const { onWarning } = this.#options
    await addForwarding(this.#transaction, wanted, place, (warning) => onWarning?.(warning))
  }

  async #configure(): Promise<void> {
    const { firewallMark, ...rest } = this.#plan.config
    const config = this.#hasOldRules ? rest : this.#plan.config
    const { wg, name, call } = this.#handle
    if (Object.keys(config).length === 0) return
    await this.#step('configure the device', () => wg.configure(name, config, call))
  }

  /** The old mark keeps the tunnel's own packets out of the tunnel as long as there are rules for it. */
  get #hasOldRules(): boolean {
    const { own, before } = this.#plan
    return own.pairs.some(({ mark }) => mark === before)
  }

  async #changeMark(): Promise<void> {
    const { firewallMark } = this.#plan.config
    const { wg, name, call } = this.#handle
    if (firewallMark === undefined || !this.#hasOldRules) return
    await this.#step('change the mark', () => wg.configure(name, { firewallMark }, call))
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

  async #changeAddresses(): Promise<void> {
    const { rtnl, index, signal } = this.#handle
    for (const { action, address } of this.#plan.addresses.steps) {
      await this.#step(`${action} the address ${address}`, () =>
        action === 'add'
          ? rtnl.addAddress({ index, address }, { signal })
          : rtnl.deleteAddress({ index, address }, { signal }).catch(ignoreGone),
      )
    }
  }

  async #addRoutes(): Promise<void> {
    const { rtnl, index, signal } = this.#handle
    for (const { destination, table } of this.#plan.addRoutes) {
      await this.#step(`add the route ${destination}`, () =>
        rtnl.addRoute({ destination, table, link: index }, { signal }),
      )
    }
  }

  async #removeRoutes(): Promise<void> {
    const { rtnl, signal } = this.#handle
    for (const route of this.#plan.removeRoutes) {
      await this.#step(`remove the route ${route.destination}`, () =>
        rtnl.deleteRoute(route, { signal }).catch(ignoreGone),
      )
    }
  }

  /** What guards a new default route is there before anything leads into it. */
  async #addGuards(): Promise<void> {
    const { addDefaults, firewall, mark } = this.#plan
    const { firewall: choice, onWarning } = this.#options
    const warn = (warning: InterfaceWarning): void => onWarning?.(warning)
    for (const family of addDefaults) {
      if (firewall.some((one) => one.family === family)) continue
      await addGuards(this.#transaction, this.#handle, { family, mark }, choice, warn)
    }
  }

  /** The new mark comes as late as it can: from then on the old rules send its packets into the tunnel. */
  async #addDefaults(): Promise<void> {
    const { addDefaults, own, mark } = this.#plan
    const isOfMark = (family: Family) => (one: { family: Family; mark?: number; table?: number }) =>
      one.family === family && (one.mark ?? one.table) === mark
    for (const family of addDefaults) {
      if (own.routes.some(isOfMark(family))) continue
      await addTableRoute(this.#transaction, this.#handle, { family, mark })
    }
    if (this.#marksEarly) await this.#changeMark()
    for (const family of addDefaults) {
      const pair = own.pairs.find(isOfMark(family))
      if (pair) await completeRules(this.#transaction, this.#handle, pair)
      else await addRules(this.#transaction, this.#handle, { family, mark }, own.pairs)
    }
  }

  get #marksEarly(): boolean {
    return this.#plan.defaults.length > 0
  }

  async #removeDefaults(): Promise<void> {
    const { removeDefaults, own, firewall, defaults, mark } = this.#plan
    const { rtnl, signal } = this.#handle
    for (const family of removeDefaults) {
      const stays = (number: number): boolean => defaults.includes(family) && number === mark
      await this.#step(`remove the IPv${family} rules for another mark`, async () => {
        for (const pair of own.pairs) {
          if (pair.family === family && !stays(pair.mark)) await removePair(rtnl, pair, signal)
        }
        for (const route of own.routes) {
          if (route.family !== family || stays(route.table)) continue
          await rtnl.deleteRoute(route, { signal }).catch(ignoreGone)
        }
        if (defaults.includes(family)) return
        for (const found of firewall) if (found.family === family) await found.remove()
      })
    }
  }

  async #changeFirewall(): Promise<void> {
    const { guards, addDefaults, firewall, mark } = this.#plan
    const { name, machine, netns, signal } = this.#handle
    for (const { family, addresses } of guards) {
      const found = firewall.find((one) => one.family === family)
      if (addDefaults.includes(family) && !found) continue
      await this.#step(`change the IPv${family} firewall rules`, async () => {
        const rules = { name, family, mark, addresses }
        if (found) await found.replace(rules)
        else await addFirewall(this.#options.firewall, rules, { machine, netns, signal })
      })
    }
  }
}
