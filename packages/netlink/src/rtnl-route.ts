import { type Family, invalid, parseAddress, parseCidr, quoted } from '@wgctrl/types'
import type { Infer } from './codec/attribute-set.js'
import { readU32 } from './codec/bytes.js'
import { decode, locate, slotsFor } from './codec/decode.js'
import type { Message } from './codec/message.js'
import { decodeStruct } from './codec/struct.js'
import { addressText, checkFamily, familyNumber, familyOf } from './family.js'
import type { Request } from './reply.js'
import { fixedRequest } from './request.js'
import {
  RT_SCOPE,
  RT_TABLE,
  RTM_F,
  RTM_ROUTE,
  RTN,
  RTPROT,
  routeAttributes,
  routeMetrics,
  rtmsg,
} from './specs/rt-route.js'

export { RTM_ROUTE }

export interface Route {
  readonly family: Family
  /** Canonical CIDR; `0.0.0.0/0` or `::/0` for the default route. */
  readonly destination: string
  readonly table: number
  /** One of RTN. */
  readonly type: number
  /** One of RTPROT, or another number that a program gave it. */
  readonly protocol: number
  /** One of RT_SCOPE. */
  readonly scope: number
  /** The index of the link that it leads to. */
  readonly link?: number
  readonly gateway?: string
  /** The source address that it prefers. */
  readonly source?: string
  readonly priority?: number
  readonly metrics?: Infer<typeof routeMetrics>
}

export interface RouteFilter {
  family?: Family | undefined
  table?: number | undefined
  /** The index of the link. */
  link?: number | undefined
  /** One of RTN. */
  type?: number | undefined
}

/** A {@link Route} as it was read is one. */
export interface NewRoute {
  /** That of the destination. */
  family?: Family | undefined
  /** CIDR. */
  destination: string
  /** Absent: the main table. */
  table?: number | undefined
  /** Absent: unicast. */
  type?: number | undefined
  /** Absent: RTPROT.boot, as ip(8) has it. */
  protocol?: number | undefined
  /** Absent: link without a gateway on IPv4, else universe. */
  scope?: number | undefined
  link?: number | undefined
  gateway?: string | undefined
  source?: string | undefined
  priority?: number | undefined
  metrics?: Infer<typeof routeMetrics> | undefined
}

/** Where the attributes of the route in hand are: of the 10,000 of a dump each copy would show. */
const slots = slotsFor(routeAttributes)

const typeOf = (name: keyof typeof routeAttributes.fields): number =>
  routeAttributes.fields[name].type

const TYPE = {
  dst: typeOf('dst'),
  oif: typeOf('oif'),
  gateway: typeOf('gateway'),
  priority: typeOf('priority'),
  prefsrc: typeOf('prefsrc'),
  metrics: typeOf('metrics'),
  table: typeOf('table'),
} as const

export function routeDumpRequest({ family, table, link, type }: RouteFilter): Request {
  const header = { family: family === undefined ? 0 : familyNumber(family), type }
  return fixedRequest(RTM_ROUTE.get, 0, rtmsg, header, routeAttributes, { table, oif: link })
}

/** Asks where a packet would go. @throws {WireGuardError} EINVAL for text that is no address */
export function routeLookupRequest(address: string, mark = 0): Request {
  const bytes = addressBytes(address, 'address')
  const family = bytes.length === 4 ? 4 : 6
  const header = {
    family: familyNumber(family),
    dstLen: bytes.length * 8,
    // IPv6 names the table in any case, and refuses the flag. @source net/ipv6/route.c, inet6_rtm_valid_getroute_req
    flags: family === 4 ? RTM_F.lookupTable : 0,
  }
  return fixedRequest(RTM_ROUTE.get, 0, rtmsg, header, routeAttributes, {
    dst: bytes,
    mark: mark === 0 ? undefined : mark,
  })
}

/** @throws {WireGuardError} EINVAL for text that is no network or address, or one of the other family */
export function routeRequest(type: number, flags: number, route: NewRoute): Request {
  const { family, bytes, prefixLength } = parseCidr(route.destination, 'destination')
  if (route.family !== undefined) checkFamily(family, route.family, 'family')
  const { table = RT_TABLE.main, gateway, source, link, priority, metrics } = route
  const removing = type === RTM_ROUTE.delete
  const narrow =
    family === 4 && gateway === undefined && (route.type ?? RTN.unicast) === RTN.unicast
  const header = {
    family: familyNumber(family),
    dstLen: prefixLength,
    // The header's table is one byte; larger numbers go in the attribute, which always wins.
    table: table < 256 ? table : RT_TABLE.unspec,
    protocol: route.protocol ?? (removing ? RTPROT.unspec : RTPROT.boot),
    scope:
      route.scope ?? (removing ? RT_SCOPE.nowhere : narrow ? RT_SCOPE.link : RT_SCOPE.universe),
    type: route.type ?? (removing ? RTN.unspec : RTN.unicast),
  }
  return fixedRequest(type, flags, rtmsg, header, routeAttributes, {
    dst: prefixLength === 0 ? undefined : bytes,
    oif: link,
    gateway: gateway === undefined ? undefined : addressBytes(gateway, 'gateway', family),
    prefsrc: source === undefined ? undefined : addressBytes(source, 'source', family),
    priority,
    metrics,
    table,
  })
}

/** @param family the one that it has to be of; absent: either */
function addressBytes(text: string, path: string, family?: Family): Uint8Array {
  const ip = parseAddress(text)
  if (!ip) throw invalid(path, `not an IP address: ${quoted(text)}`)
  if (family !== undefined) checkFamily(family, ip.family, path)
  return ip.bytes
}

export function toRoute({ payload }: Pick<Message, 'payload'>): Route {
  return readRoute(payload, 0, payload.length)
}

/** @throws {NetlinkError} EPROTO */
export function readRoute(bytes: Uint8Array, start: number, end: number): Route {
  const header = decodeStruct(rtmsg, bytes, start, end)
  locate(routeAttributes, bytes, start + rtmsg.size, end, slots)
  const family = familyOf(header.family)
  const text = (type: number): string => addressText(family, bytes, startOf(type), endOf(type))
  const network = isThere(TYPE.dst) ? text(TYPE.dst) : family === 4 ? '0.0.0.0' : '::'
  const route: { -readonly [field in keyof Route]: Route[field] } = {
    family,
    destination: `${network}/${header.dstLen}`,
    table: isThere(TYPE.table) ? readU32(bytes, startOf(TYPE.table)) : header.table,
    type: header.type,
    protocol: header.protocol,
    scope: header.scope,
  }
  if (isThere(TYPE.oif)) route.link = readU32(bytes, startOf(TYPE.oif))
  if (isThere(TYPE.gateway)) route.gateway = text(TYPE.gateway)
  if (isThere(TYPE.prefsrc)) route.source = text(TYPE.prefsrc)
  if (isThere(TYPE.priority)) route.priority = readU32(bytes, startOf(TYPE.priority))
  if (isThere(TYPE.metrics)) {
    route.metrics = decode(routeMetrics, bytes, startOf(TYPE.metrics), endOf(TYPE.metrics))
  }
  return route
}

const isThere = (type: number): boolean => startOf(type) > 0
const startOf = (type: number): number => slots[type * 2] as number
const endOf = (type: number): number => slots[type * 2 + 1] as number
