import { closeSync } from 'node:fs'
import { abortable, checkFields, refuseAborted } from '@wgctrl/types'
import type { Infer } from './codec/attribute-set.js'
import { type Message, type MessageCursor, NLM_F } from './codec/message.js'
import { Connection } from './connection.js'
import { NetlinkError, recoded } from './errors.js'
import { familyError, isFamilyNumber, isOfFamily } from './family.js'
import { type Link, toLink } from './link.js'
import { type LinkEvents, watchLinks } from './link-events.js'
import { endReads, goneError } from './open-reads.js'
import { copyMessage, type ReplyOptions, type Request } from './reply.js'
import { fixedRequest } from './request.js'
import {
  type Address,
  type AddressFilter,
  addressRequest,
  type NewAddress,
  RTM_ADDRESS,
  toAddress,
} from './rtnl-address.js'
import {
  ADD_ROUTE,
  ADD_RULE,
  ADDRESS_FILTER,
  checkInput,
  checkLinkRef,
  checkOptions,
  LINK_CHANGE,
  LINK_FILTER,
  NEW_ADDRESS,
  NEW_LINK,
  NEW_ROUTE,
  NEW_RULE,
  ROUTE_FILTER,
  ROUTE_TO,
  RULE_FILTER,
} from './rtnl-input.js'
import {
  type NewRoute,
  type Route,
  type RouteFilter,
  RTM_ROUTE,
  readRoute,
  routeDumpRequest,
  routeLookupRequest,
  routeRequest,
  toRoute,
} from './rtnl-route.js'
import {
  type NewRule,
  RTM_RULE,
  type Rule,
  ruleDumpRequest,
  ruleRequest,
  toRule,
} from './rtnl-rule.js'
import { type Namespace, namespaceIdentity, openNamespace } from './socket/namespace.js'
import { NETLINK, openNetlinkSocket } from './socket/socket.js'
import type { Transport } from './socket/transport.js'
import { IFF, ifinfomsg, linkAttributes, RTM_LINK } from './specs/rt-link.js'

/** A link by name or index. */
export type LinkRef = string | number

export interface NewLink {
  name: string
  /** The driver's kind, such as `wireguard`, `veth`, `dummy`. */
  kind: string
  /** Bytes. */
  mtu?: number | undefined
  /** Encoded attributes of the kind. */
  data?: Uint8Array | undefined
  up?: boolean | undefined
}

export interface LinkChange {
  up?: boolean | undefined
  /** A new name; the link has to be down on kernels before 6.1. */
  name?: string | undefined
  /** Bytes. */
  mtu?: number | undefined
  /** Moves the link into another network namespace. */
  netns?: Namespace | undefined
}

const EXCLUSIVE = NLM_F.create | NLM_F.exclusive

/**
 * What is asked for beside a link's own. With any of them the kernel makes room for the largest link of a dump;
 * without, it leaves out one that does not fit, silently, and all behind it.
 *
 * `skipStats`: without the counters of IPv6 a link takes a fifth less. `rings`: of bridges, and in dumps of
 * their own family alone: nothing more.
 *
 * @source linux/rtnetlink.h, RTEXT_FILTER_SKIP_STATS and _MRP; net/core/rtnetlink.c, rtnl_calcit
 */
const EXTRA = { skipStats: 8, rings: 16 } as const

export interface RtnlOptions {
  /** The namespace that the transport is in; absent: the one of the calling thread. */
  netns?: Namespace | undefined
  /** Opens another transport like it, for what may take long. Absent: all goes through the one. */
  openTransport?: (() => Transport | Promise<Transport>) | undefined
  /** Names the namespace among all of this machine. Absent: that of `netns`. */
  namespace?: string | undefined
}

const NO_FAMILY = ['EAFNOSUPPORT']

/** @source net/ipv4/fib_frontend.c, net/ipv6/ip6_fib.c: ENOENT for a dump of a table that is not there */
const NO_TABLE = [...NO_FAMILY, 'ENOENT']

/**
 * Links, addresses, routes and rules of one network namespace over one socket.
 *
 * Every call refuses a field that it does not know, a value of another type and a number that does not fit, before anything is
 * sent: `TypeError`, `RangeError` or `WireGuardError` with the code `EINVAL` and the field as `path`.
 */
export class Rtnl {
  readonly #connection: Connection
  readonly #netns: Namespace | undefined
  readonly #openTransport: (() => Transport | Promise<Transport>) | undefined
  readonly #namespace: string

  constructor(transport: Transport, options: RtnlOptions = {}) {
    const { netns, openTransport, namespace } = options
    this.#connection = new Connection(transport)
    this.#netns = netns
    this.#openTransport = openTransport
    this.#namespace = namespace ?? namespaceIdentity(netns)
  }

  static async open(options: { netns?: Namespace | undefined } = {}): Promise<Rtnl> {
    checkFields(options, 'options', { netns: true })
    const { netns } = options
    const openTransport = () => openNetlinkSocket({ protocol: NETLINK.route, netns })
    return new Rtnl(await openTransport(), { netns, openTransport })
  }

  /**
   * All links, or those of one kind: the kernel filters, so that 10,000 others cost nothing.
   * `brief` leaves out what this package does not read.
   *
   * @throws {NetlinkError} EINTR when links came and went during every attempt
   */
  async links(
    filter: { kind?: string; brief?: boolean } = {},
    options?: ReplyOptions,
  ): Promise<Link[]> {
    checkInput(filter, 'filter', LINK_FILTER)
    checkOptions(options)
    const { kind, brief = false } = filter
    const attributes: Infer<typeof linkAttributes> = {
      linkinfo: kind === undefined ? undefined : { kind },
      extMask: brief ? EXTRA.skipStats : EXTRA.rings,
    }
    const messages = await this.#connection.dump(
      linkRequest(RTM_LINK.get, 0, {}, attributes),
      options,
    )
    const links = messages.map(toLink)
    return kind === undefined ? links : links.filter((link) => link.kind === kind)
  }

  /** @throws {NetlinkError} ENODEV */
  async link(ref: LinkRef, options?: ReplyOptions): Promise<Link> {
    checkLinkRef(ref)
    checkOptions(options)
    const request = linkRequest(RTM_LINK.get, 0, { index: indexOf(ref) }, nameOf(ref))
    const [message] = await this.#link(ref, this.#connection.request(request, options))
    if (message === undefined) throw new NetlinkError(`no link ${ref}`, { code: 'ENODEV' })
    return toLink(message)
  }

  /** @throws {NetlinkError} EEXIST; EOPNOTSUPP when the kernel has no such kind */
  async createLink(link: NewLink, options?: ReplyOptions): Promise<void> {
    checkInput(link, 'link', NEW_LINK)
    checkOptions(options)
    const { name, kind, mtu, data, up } = link
    const attributes = { ifname: name, mtu, linkinfo: { kind, data } }
    const request = linkRequest(RTM_LINK.new, EXCLUSIVE, upFlags(up), attributes)
    // It may load a module.
    await this.#alone(request, { ...options, slow: true })
  }

  /**
   * Deletes a link. The kernel waits until nobody holds it any more: streams of its peers in this thread
   * end with `ENODEV` first. A call that its signal ends meanwhile leaves a deletion behind that goes on.
   *
   * @throws {NetlinkError} ENODEV; EOPNOTSUPP for a link that cannot be deleted, such as `lo`
   */
  async deleteLink(ref: LinkRef, options: ReplyOptions = {}): Promise<void> {
    const { index } = await this.link(ref, options)
    await endReads(this.#namespace, index, goneError())
    refuseAborted(options.signal)
    // By index: the name may belong to another link by now.
    const request = linkRequest(RTM_LINK.delete, 0, { index }, {})
    await this.#link(ref, this.#alone(request, { ...options, apart: true }))
  }

  /** @throws {NetlinkError} ENODEV, EEXIST (the name is taken), EINVAL (the MTU is out of range) */
  async changeLink(ref: LinkRef, change: LinkChange, options?: ReplyOptions): Promise<void> {
    checkLinkRef(ref)
    checkInput(change, 'change', LINK_CHANGE)
    checkOptions(options)
    const { up, name, mtu, netns } = change
    // A name in the request means the new one, so the link is named by its index.
    const index = typeof ref === 'number' ? ref : (await this.link(ref, options)).index
    const fd = netns === undefined ? undefined : openNamespace(netns)
    try {
      const header = { index, ...upFlags(up) }
      const request = linkRequest(RTM_LINK.new, 0, header, { ifname: name, mtu, netNsFd: fd })
      await this.#link(ref, this.#connection.request(request, { ...options, slow: true }))
    } finally {
      if (fd !== undefined) closeSync(fd)
    }
  }

  /** The addresses of all links or one. @throws {NetlinkError} ENODEV when there is no such link */
  async addresses(filter: AddressFilter = {}, options?: ReplyOptions): Promise<Address[]> {
    checkInput(filter, 'filter', ADDRESS_FILTER)
    checkOptions(options)
    const request = addressRequest(RTM_ADDRESS.get, 0, filter)
    const messages = await this.#dump(request, options, copyMessage)
    return messages.filter(isOfFamily(filter.family)).map(toAddress)
  }

  /** @throws {NetlinkError} EEXIST; EAFNOSUPPORT where IPv6 is switched off */
  async addAddress(address: NewAddress, options?: ReplyOptions): Promise<void> {
    checkInput(address, 'address', NEW_ADDRESS)
    checkOptions(options)
    await this.#requestOfFamily(addressRequest(RTM_ADDRESS.new, EXCLUSIVE, address), options)
  }

  /** @throws {NetlinkError} EADDRNOTAVAIL */
  async deleteAddress(address: NewAddress, options?: ReplyOptions): Promise<void> {
    checkInput(address, 'address', NEW_ADDRESS)
    checkOptions(options)
    await this.#connection.request(addressRequest(RTM_ADDRESS.delete, 0, address), options)
  }

  /**
   * The routes that the filter lets through: none of a table, or of a family, that is not there.
   *
   * @throws {NetlinkError} ENODEV when there is no such link
   */
  async routes(filter: RouteFilter = {}, options?: ReplyOptions): Promise<Route[]> {
    checkInput(filter, 'filter', ROUTE_FILTER)
    checkOptions(options)
    const { family, table, type } = filter
    const found = await this.#dump(routeDumpRequest(filter), options, readNewRoute, NO_TABLE)
    // Kernels before 4.20 filter nothing.
    return found.filter(
      (route) =>
        (family === undefined || route.family === family) &&
        (table === undefined || route.table === table) &&
        (type === undefined || route.type === type),
    )
  }

  /**
   * The route that a packet to an address takes, and its metrics.
   *
   * @param options `mark`: the packet's firewall mark, which rules may look at
   * @throws {NetlinkError} ENETUNREACH, EHOSTUNREACH, EPERM where a route refuses; EAFNOSUPPORT of IPv6
   * on a kernel without
   */
  async routeTo(address: string, options: ReplyOptions & { mark?: number } = {}): Promise<Route> {
    checkOptions(options, ROUTE_TO)
    const request = routeLookupRequest(address, options.mark)
    const messages = await this.#requestOfFamily(request, options)
    const found = messages.find(({ type }) => type === RTM_ROUTE.new)
    if (found) return toRoute(found)
    throw new NetlinkError(`no route to ${address}`, { code: 'ENETUNREACH' })
  }

  /** @throws {NetlinkError} EEXIST unless `replace`; EAFNOSUPPORT where IPv6 is switched off */
  async addRoute(
    route: NewRoute,
    options: ReplyOptions & { replace?: boolean } = {},
  ): Promise<void> {
    checkInput(route, 'route', NEW_ROUTE)
    checkOptions(options, ADD_ROUTE)
    const flags = options.replace ? NLM_F.create | NLM_F.replace : EXCLUSIVE
    await this.#requestOfFamily(routeRequest(RTM_ROUTE.new, flags, route), options)
  }

  /** @throws {NetlinkError} ESRCH */
  async deleteRoute(route: NewRoute, options?: ReplyOptions): Promise<void> {
    checkInput(route, 'route', NEW_ROUTE)
    checkOptions(options)
    await this.#connection.request(routeRequest(RTM_ROUTE.delete, 0, route), options)
  }

  /** The rules of both families or one: none of a family that the kernel does not have. */
  async rules(filter: { family?: 4 | 6 } = {}, options?: ReplyOptions): Promise<Rule[]> {
    checkInput(filter, 'filter', RULE_FILTER)
    checkOptions(options)
    const messages = await this.#dump(ruleDumpRequest(filter), options, copyMessage)
    return messages.filter(isOfFamily(filter.family)).map(toRule)
  }

  /**
   * Adds a rule, behind those of the same priority.
   *
   * @throws {NetlinkError} EEXIST unless `repeat`, which adds the same rule again
   */
  async addRule(rule: NewRule, options: ReplyOptions & { repeat?: boolean } = {}): Promise<void> {
    checkInput(rule, 'rule', NEW_RULE)
    checkOptions(options, ADD_RULE)
    const flags = options.repeat ? NLM_F.create : EXCLUSIVE
    await this.#connection.request(ruleRequest(RTM_RULE.new, flags, rule), options)
  }

  /** @throws {NetlinkError} ENOENT */
  async deleteRule(rule: NewRule, options?: ReplyOptions): Promise<void> {
    checkInput(rule, 'rule', NEW_RULE)
    checkOptions(options)
    await this.#connection.request(ruleRequest(RTM_RULE.delete, 0, rule), options)
  }

  /** Links that appear, change and go, until the loop is left or the signal fires. */
  async linkEvents(options: ReplyOptions = {}): Promise<LinkEvents> {
    checkOptions(options)
    return await watchLinks({ ...options, netns: this.#netns })
  }

  async close(): Promise<void> {
    await this.#connection.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /**
   * A dump in which what is not there at all gives nothing, as `codes` have it.
   *
   * @source net/core/fib_rules.c: EAFNOSUPPORT for a family that is not there, as IPv6 with `ipv6.disable=1`.
   * Of addresses and routes the kernel then dumps those of all families (net/core/rtnetlink.c).
   */
  async #dump<T>(
    request: Request,
    options: ReplyOptions = {},
    read: (message: MessageCursor) => T | undefined,
    codes: readonly string[] = NO_FAMILY,
  ): Promise<T[]> {
    try {
      return await this.#connection.dumpOf(request, options, read)
    } catch (error) {
      if (error instanceof NetlinkError && codes.includes(error.code)) return []
      throw error
    }
  }

  /** A request about an address or a route, where a family can be switched off or missing. */
  async #requestOfFamily(request: Request, options?: ReplyOptions): Promise<Message[]> {
    try {
      return await this.#connection.request(request, options)
    } catch (error) {
      throw familyError(error, request)
    }
  }

  /**
   * A request that may take long has a connection of its own: others do not wait behind it, and the caller
   * can leave it to itself.
   */
  async #alone(request: Request, options: ReplyOptions): Promise<void> {
    const { signal } = options
    if (!this.#openTransport) return void (await this.#connection.request(request, options))
    const connection = new Connection(await this.#openTransport())
    const answer = connection.request(request, options).finally(() => connection.close())
    await (signal ? abortable(answer, signal) : answer)
  }

  async #link<T>(ref: LinkRef, answer: Promise<T>): Promise<T> {
    try {
      return await answer
    } catch (error) {
      if (!(error instanceof NetlinkError) || error.code !== 'ENODEV') throw error
      throw recoded(error, 'ENODEV', `there is no network interface ${ref}`)
    }
  }
}

/** A route of IPv4 or IPv6 that is there. */
const readNewRoute = ({ type, bytes, start, end }: MessageCursor): Route | undefined => {
  const isRoute = type === RTM_ROUTE.new && end > start && isFamilyNumber(undefined, bytes[start])
  return isRoute ? readRoute(bytes, start, end) : undefined
}

const linkRequest = (
  type: number,
  flags: number,
  header: { index?: number | undefined; flags?: number; change?: number },
  attributes: Infer<typeof linkAttributes>,
) => fixedRequest(type, flags, ifinfomsg, header, linkAttributes, attributes)

const indexOf = (ref: LinkRef): number | undefined => (typeof ref === 'number' ? ref : undefined)

/** Names above 15 characters can only be alternative names. */
const nameOf = (ref: LinkRef): Infer<typeof linkAttributes> => {
  if (typeof ref === 'number') return {}
  return ref.length > 15 ? { altIfname: ref } : { ifname: ref }
}

const upFlags = (up: boolean | undefined): { flags?: number; change?: number } =>
  up === undefined ? {} : { flags: up ? IFF.up : 0, change: IFF.up }
