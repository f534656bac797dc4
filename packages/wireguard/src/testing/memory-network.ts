import {
  type Address,
  addressAttributes,
  FR_ACT,
  type Link,
  type LinkRef,
  type NewAddress,
  type NewRoute,
  type NewRule,
  type Route,
  type RouteFilter,
  RT_SCOPE,
  RT_TABLE,
  RTN,
  RTPROT,
  type Rule,
} from '@wgctrl/netlink'
import { canonicalCidr, type Family, refuseAborted, unsupported } from '@wgctrl/types'
import { parseInterfaceAddress } from '../interface/address.js'
import { hasRoute } from '../interface/address-plan.js'
import type { Rtnl } from '../interface/machine.js'
import { failed, MemoryTable } from './memory-table.js'

const { permanent: PERMANENT, secondary: SECONDARY } = addressAttributes.fields.flags.masks

/** Without a carrier's word, as WireGuard's links are. @source linux/if.h */
const IFF_UP = 1

/** What the kernel gives its routes to the networks of IPv6 addresses. @source IP6_RT_PRIO_ADDRCONF */
const IPV6_CONNECTED = 256

/** What every machine has. @source kernel, net/ipv4/fib_rules.c, net/ipv6/fib6_rules.c */
const FIRST_RULES: readonly Rule[] = [
  ...([4, 6] as const).flatMap((family) => [
    toRule({ family, table: RT_TABLE.local }),
    toRule({ family, table: RT_TABLE.main, priority: 32766 }),
  ]),
  toRule({ family: 4, table: RT_TABLE.default, priority: 32767 }),
]

interface Call {
  readonly signal?: AbortSignal | undefined
}

/**
 * Links, addresses, routes and rules in memory, as the kernel has them where it shows: routes come with addresses and go
 * with them and with their link; of IPv4 an address is a secondary one where there is one of its network before it.
 */
export class MemoryNetwork implements Rtnl {
  readonly #links = new Map<number, Link>()
  readonly #addresses: Address[] = []
  readonly #rules: Rule[] = [...FIRST_RULES]
  readonly #table = new MemoryTable()
  /** Told of a link that somebody deletes. */
  readonly #deleted: (name: string) => void
  #lastIndex = 0

  constructor(deleted: (name: string) => void) {
    this.#deleted = deleted
    this.addLink({ name: 'lo', mtu: 65_536, up: true })
    const { index } = this.#find('lo')
    for (const address of ['127.0.0.1/8', '::1/128']) {
      const host = { index, ...parse(address), scope: RT_SCOPE.host, flags: PERMANENT }
      this.#addresses.push(host)
    }
  }

  /** @throws {WireGuardError} `EEXIST` */
  addLink(link: { name: string; kind?: string; mtu: number; up?: boolean }): void {
    const { name, kind, mtu, up = false } = link
    if (this.#named(name)) throw failed('EEXIST', `there is a link ${name}`)
    const index = ++this.#lastIndex
    const flags = up ? IFF_UP : 0
    const rest = { altNames: [], flags, attributes: {} }
    this.#links.set(index, { index, name, mtu, up, ...(kind !== undefined && { kind }), ...rest })
  }

  removeLink(name: string): void {
    const link = this.#named(name)
    if (!link) return
    const { index } = link
    this.#table.drop((route) => route.link === index)
    this.#keep((address) => address.index !== index)
    this.#links.delete(index)
  }

  async links(filter: { kind?: string } = {}, call?: Call): Promise<Link[]> {
    refuseAborted(call?.signal)
    const all = [...this.#links.values()]
    return filter.kind === undefined ? all : all.filter(({ kind }) => kind === filter.kind)
  }

  async link(ref: LinkRef, call?: Call): Promise<Link> {
    refuseAborted(call?.signal)
    return this.#find(ref)
  }

  async changeLink(
    ref: LinkRef,
    change: Parameters<Rtnl['changeLink']>[1],
    call?: Call,
  ): Promise<void> {
    refuseAborted(call?.signal)
    const { up, name, mtu, netns } = change
    if (netns !== undefined || name !== undefined) {
      throw unsupported('changeLink', 'a link in memory keeps its name and network namespace')
    }
    const link = this.#find(ref)
    const isUp = up ?? link.up
    const flags = isUp ? IFF_UP : 0
    this.#links.set(link.index, { ...link, up: isUp, flags, ...(mtu !== undefined && { mtu }) })
    if (isUp && !link.up) this.#connect(link.index)
    if (!isUp && link.up) this.#disconnect(link.index)
  }

  async deleteLink(ref: LinkRef, call?: Call): Promise<void> {
    refuseAborted(call?.signal)
    const { name } = this.#find(ref)
    this.removeLink(name)
    this.#deleted(name)
  }

  async addresses(
    { index, family }: { index?: number | undefined; family?: Family | undefined } = {},
    call?: Call,
  ): Promise<Address[]> {
    refuseAborted(call?.signal)
    return this.#addresses.filter(
      (address) =>
        (index === undefined || address.index === index) &&
        (family === undefined || address.family === family),
    )
  }

  async addAddress({ index, address: text }: NewAddress, call?: Call): Promise<void> {
    refuseAborted(call?.signal)
    const link = this.#find(index)
    const { family, address, prefixLength } = parse(text)
    const own = this.#addresses.filter((other) => other.index === index && other.family === family)
    const isThere = own.some(
      (other) => other.address === address && (family === 6 || other.prefixLength === prefixLength),
    )
    if (isThere) throw failed('EEXIST', `the link has the address ${text}`)
    const isSecondary =
      family === 4 &&
      own.some((other) => isPrimary(other) && networkOf(other) === canonicalCidr(text))
    const flags = PERMANENT | (isSecondary ? SECONDARY : 0)
    const made = { index, family, address, prefixLength, scope: RT_SCOPE.universe, flags }
    // A first address stands before all secondary ones, a new one of IPv6 before all.
    // @source net/ipv4/devinet.c, __inet_insert_ifa; net/ipv6/addrconf.c, ipv6_link_dev_addr
    const isBehind = (other: Address): boolean =>
      own.includes(other) && (family === 6 || !isPrimary(other))
    const at = isSecondary ? -1 : this.#addresses.findIndex(isBehind)
    if (at < 0) this.#addresses.push(made)
    else this.#addresses.splice(at, 0, made)
    if (link.up) this.#connectAddress(made)
  }

  async deleteAddress({ index, address: text }: NewAddress, call?: Call): Promise<void> {
    refuseAborted(call?.signal)
    const { address, prefixLength } = parse(text)
    const found = this.#addresses.find(
      (other) =>
        other.index === index && other.address === address && other.prefixLength === prefixLength,
    )
    if (!found) throw failed('EADDRNOTAVAIL', `the link does not have the address ${text}`)
    const network = networkOf(found)
    // With its first address a network's secondary ones go. @source net/ipv4/devinet.c, __inet_del_ifa
    const going = this.#addresses.filter(
      (other) =>
        other === found ||
        (found.family === 4 &&
          isPrimary(found) &&
          other.index === index &&
          !isPrimary(other) &&
          networkOf(other) === network),
    )
    this.#keep((other) => !going.includes(other))
    const left = this.#addresses.filter(
      (other) => other.index === index && other.family === found.family,
    )
    const isConnected = left.some((other) => networkOf(other) === network)
    const staying = new Set(this.#addresses.map((other) => other.address))
    const sources = new Set(going.map((other) => other.address).filter((one) => !staying.has(one)))
    this.#table.drop(
      (route) =>
        route.link === index &&
        route.family === found.family &&
        ((found.family === 4 && left.length === 0) ||
          (route.source !== undefined && sources.has(route.source)) ||
          (isKernels(route) && route.destination === network && !isConnected)),
    )
  }

  async routes(filter: RouteFilter = {}, call?: Call): Promise<Route[]> {
    refuseAborted(call?.signal)
    return this.#table.list(filter)
  }

  async addRoute(route: NewRoute, options: Call & { replace?: boolean } = {}): Promise<void> {
    refuseAborted(options.signal)
    if (route.link !== undefined && !this.#find(route.link).up) {
      throw failed('ENETDOWN', 'the link is switched off')
    }
    this.#table.add(route, options)
  }

  async deleteRoute(route: NewRoute, call?: Call): Promise<void> {
    refuseAborted(call?.signal)
    this.#table.remove(route)
  }

  async routeTo(address: string, options: Call & { mark?: number } = {}): Promise<Route> {
    refuseAborted(options.signal)
    const { mark = 0 } = options
    const family: Family = address.includes(':') ? 6 : 4
    const destination = canonicalCidr(address)
    if (this.#addresses.some((own) => own.address === address)) {
      const table = RT_TABLE.local
      const [type, protocol, scope] = [RTN.local, RTPROT.kernel, RT_SCOPE.host]
      return { family, destination, table, type, protocol, scope, link: this.#find('lo').index }
    }
    for (const rule of this.#rules) {
      const isMarked = rule.firewallMark === undefined || rule.firewallMark === mark
      if (rule.family !== family || isMarked === rule.invert) continue
      const route = this.#table.best(address, rule.table ?? RT_TABLE.main)
      if (!route || prefixOf(route) <= (rule.suppressPrefixLength ?? -1)) continue
      if (route.type === RTN.unicast) return route
      throw failed('EHOSTUNREACH', `the route to ${address} refuses`)
    }
    throw failed('ENETUNREACH', `no route to ${address}`)
  }

  async rules(filter: { family?: Family } = {}, call?: Call): Promise<Rule[]> {
    refuseAborted(call?.signal)
    const { family } = filter
    return this.#rules.filter((rule) => family === undefined || rule.family === family)
  }

  async addRule(rule: NewRule, options: Call & { repeat?: boolean } = {}): Promise<void> {
    refuseAborted(options.signal)
    const made = toRule(rule)
    if (!options.repeat && this.#rules.some((other) => isSameRule(other, made))) {
      throw failed('EEXIST', 'there is such a rule')
    }
    const isBehind = (other: Rule): boolean =>
      other.family === made.family && (other.priority ?? 0) > (made.priority ?? 0)
    const at = this.#rules.findIndex(isBehind)
    this.#rules.splice(at < 0 ? this.#rules.length : at, 0, made)
  }

  async deleteRule(rule: NewRule, call?: Call): Promise<void> {
    refuseAborted(call?.signal)
    const meant = toRule(rule)
    const at = this.#rules.findIndex((other) => isSameRule(other, meant))
    if (at < 0) throw failed('ENOENT', 'there is no such rule')
    this.#rules.splice(at, 1)
  }

  /** Whoever opened it lets go of it; the machine goes on. */
  async close(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}

  #named(name: string): Link | undefined {
    return [...this.#links.values()].find((link) => link.name === name)
  }

  #find(ref: LinkRef): Link {
    const link = typeof ref === 'number' ? this.#links.get(ref) : this.#named(ref)
    if (link) return link
    throw failed('ENODEV', `there is no network interface ${ref}`)
  }

  #keep(stays: (address: Address) => boolean): void {
    this.#addresses.splice(0, this.#addresses.length, ...this.#addresses.filter(stays))
  }

  #connect(index: number): void {
    for (const address of this.#addresses) {
      if (address.index === index) this.#connectAddress(address)
    }
  }

  /** The route to the network of an address. */
  #connectAddress(address: Address): void {
    const { index: link, family } = address
    const destination = networkOf(address)
    if (!isPrimary(address) || !hasRoute(destination)) return
    const priority = family === 6 ? IPV6_CONNECTED : undefined
    const source = family === 4 ? address.address : undefined
    const protocol = RTPROT.kernel
    const isThere = this.#table
      .list({ family, table: RT_TABLE.main, link })
      .some((route) => isKernels(route) && route.destination === destination)
    if (!isThere) this.#table.append({ destination, link, protocol, priority, source })
  }

  /** IPv6 addresses go with the state of the link. @source net/ipv6/addrconf.c, addrconf_ifdown */
  #disconnect(index: number): void {
    this.#table.drop((route) => route.link === index)
    this.#keep((address) => address.index !== index || address.family === 4)
  }
}

function toRule(rule: NewRule): Rule {
  const { priority, action = FR_ACT.toTable, invert = false, ...rest } = rule
  const given = Object.entries(rest).filter(([, value]) => value !== undefined)
  const place = priority ? { priority } : {}
  // The kernel's word for all bits of a mark.
  const mask = rest.firewallMark === undefined ? {} : { firewallMask: 0xffffffff }
  return {
    ...mask,
    ...(Object.fromEntries(given) as typeof rest),
    ...place,
    action,
    invert,
  } as Rule
}

const RULE_FIELDS = [
  ...['family', 'priority', 'table', 'invert', 'from', 'to', 'firewallMark'],
  ...['inputLink', 'outputLink', 'suppressPrefixLength'],
] as readonly (keyof Rule)[]

const isSameRule = (one: Rule, other: Rule): boolean =>
  RULE_FIELDS.every((field) => one[field] === other[field])

function parse(text: string): Pick<Address, 'family' | 'address' | 'prefixLength'> {
  const { family, text: canonical } = parseInterfaceAddress(text, 'address')
  const [address = '', length] = canonical.split('/')
  return { family, address, prefixLength: Number(length) }
}

const isPrimary = ({ family, flags }: Address): boolean => family === 6 || !(flags & SECONDARY)

const networkOf = ({ address, prefixLength }: Address): string =>
  canonicalCidr(`${address}/${prefixLength}`)

const prefixOf = ({ destination }: Route): number => Number(destination.split('/')[1])

const isKernels = ({ protocol }: Route): boolean => protocol === RTPROT.kernel
