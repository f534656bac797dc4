import { describe, expect, it } from 'vitest'
import { MessageCursor, NLM_F, NLMSG } from './codec/message.js'
import type { Request } from './reply.js'
import { addressRequest, toAddress } from './rtnl-address.js'
import { routeDumpRequest, routeLookupRequest, routeRequest, toRoute } from './rtnl-route.js'
import { ruleRequest, toRule } from './rtnl-rule.js'
import { RTM_ADDRESS } from './specs/rt-addr.js'
import { RTM_ROUTE } from './specs/rt-route.js'
import { RTM_RULE } from './specs/rt-rule.js'
import { recording } from './vectors.fixture.js'

const [WG0, D0] = [4, 5]
const EXCLUSIVE = NLM_F.create | NLM_F.exclusive
const recorded = (label: string) => recording(label, 'linux-6.12-rtnetlink.txt')

/** Bytes of the fixed header, RTA_DST or FRA_DST, and the attribute that repeats the header's table. */
const HEADER = { address: 8, route: 12, rule: 12 } as const
const DST = 1
const TABLE = 15

/** A request as type, flags, fixed header and attributes, read by hand. */
function partsOf(bytes: Uint8Array, kind: keyof typeof HEADER) {
  const view = Buffer.from(bytes)
  const start = 16 + HEADER[kind]
  const attributes: Record<number, string> = {}
  for (let at = start; at < view.length; at += (view.readUInt16LE(at) + 3) & ~3) {
    const [length, type] = [view.readUInt16LE(at), view.readUInt16LE(at + 2)]
    attributes[type & 0x3fff] = view.toString('hex', at + 4, at + length)
  }
  if (kind !== 'address') {
    // Nothing new: a destination of no bits, and a table that the header has too.
    if (view[17] === 0) delete attributes[DST]
    if (attributes[TABLE] === `${view.toString('hex', 20, 21)}000000`) delete attributes[TABLE]
  }
  return {
    type: view.readUInt16LE(4),
    flags: view.readUInt16LE(6),
    header: view.toString('hex', 16, start),
    attributes,
  }
}

describe('requests, as ip(8) makes them', () => {
  const address = (type: number, flags: number, text: string) =>
    addressRequest(type, flags, { index: WG0, address: text })
  const change = NLM_F.request | NLM_F.ack
  const dump = NLM_F.request | NLM_F.dump

  it.each<[string, keyof typeof HEADER, number, Request]>([
    [
      'ip -4 address add 10.9.0.1/24 dev wg0',
      'address',
      change,
      address(RTM_ADDRESS.new, EXCLUSIVE, '10.9.0.1/24'),
    ],
    [
      'ip -6 address add fd00:9::1/64 dev wg0',
      'address',
      change,
      address(RTM_ADDRESS.new, EXCLUSIVE, 'fd00:9::1/64'),
    ],
    [
      'ip -4 address delete 10.9.0.1/24 dev wg0',
      'address',
      change,
      address(RTM_ADDRESS.delete, 0, '10.9.0.1/24'),
    ],
    [
      'ip -4 address show dev wg0',
      'address',
      dump,
      addressRequest(RTM_ADDRESS.get, 0, { index: WG0, family: 4 }),
    ],
    [
      'ip -4 route add 10.20.0.0/16 dev wg0',
      'route',
      change,
      routeRequest(RTM_ROUTE.new, EXCLUSIVE, { destination: '10.20.0.0/16', link: WG0 }),
    ],
    [
      'ip -4 route add default via 192.0.2.1 dev d0 metric 77 mtu 1400',
      'route',
      change,
      routeRequest(RTM_ROUTE.new, EXCLUSIVE, {
        destination: '0.0.0.0/0',
        gateway: '192.0.2.1',
        link: D0,
        priority: 77,
        metrics: { mtu: 1400 },
      }),
    ],
    [
      'ip -4 route add 0.0.0.0/0 dev wg0 table 51820',
      'route',
      change,
      routeRequest(RTM_ROUTE.new, EXCLUSIVE, { destination: '0.0.0.0/0', link: WG0, table: 51820 }),
    ],
    [
      'ip -6 route add fd00:b::/48 dev wg0',
      'route',
      change,
      routeRequest(RTM_ROUTE.new, EXCLUSIVE, { destination: 'fd00:b::/48', link: WG0 }),
    ],
    [
      'ip -4 route delete 10.20.0.0/16 dev wg0',
      'route',
      change,
      routeRequest(RTM_ROUTE.delete, 0, { destination: '10.20.0.0/16', link: WG0 }),
    ],
    ['ip -4 route show table 51820', 'route', dump, routeDumpRequest({ family: 4, table: 51820 })],
    [
      'ip -4 route get 203.0.113.7 mark 7',
      'route',
      NLM_F.request,
      routeLookupRequest('203.0.113.7', 7),
    ],
    [
      'ip -4 rule add not fwmark 51820 table 51820',
      'rule',
      change,
      ruleRequest(RTM_RULE.new, EXCLUSIVE, {
        family: 4,
        invert: true,
        firewallMark: 51820,
        table: 51820,
      }),
    ],
    [
      'ip -4 rule add table main suppress_prefixlength 0',
      'rule',
      change,
      ruleRequest(RTM_RULE.new, EXCLUSIVE, { family: 4, table: 254, suppressPrefixLength: 0 }),
    ],
    [
      'ip -6 rule add from fd00:9::/64 fwmark 0x1/0xff iif lo lookup 100 priority 1000',
      'rule',
      change,
      ruleRequest(RTM_RULE.new, EXCLUSIVE, {
        family: 6,
        from: 'fd00:9::/64',
        firewallMark: 1,
        firewallMask: 0xff,
        inputLink: 'lo',
        table: 100,
        priority: 1000,
      }),
    ],
    [
      'ip -4 rule delete table main suppress_prefixlength 0',
      'rule',
      change,
      ruleRequest(RTM_RULE.delete, 0, { family: 4, table: 254, suppressPrefixLength: 0 }),
    ],
  ])('%s', (label, kind, flags, { bytes }) => {
    const ours = partsOf(bytes, kind)
    expect({ ...ours, flags: ours.flags | flags }).toEqual(partsOf(recorded(label).request, kind))
  })
})

/** The messages of all datagrams that carry data. */
function messagesOf(label: string): { payload: Uint8Array }[] {
  const messages: { payload: Uint8Array }[] = []
  for (const datagram of recorded(label).replies) {
    const cursor = new MessageCursor().reset(datagram, datagram.length)
    while (cursor.next()) {
      const { type, bytes, start, end } = cursor
      if (type >= NLMSG.minType) messages.push({ payload: bytes.subarray(start, end) })
    }
  }
  return messages
}

describe('answers, as ip(8) reads them', () => {
  it.each(['ip -4 address show dev wg0', 'ip -6 address show dev wg0'])('%s', (label) => {
    const [link] = recorded(label).shown as { addr_info: Record<string, unknown>[] }[]
    const ours = messagesOf(label).map(toAddress)
    expect(ours.length).toBe(1)
    expect(
      ours.map(({ family, address, prefixLength, scope, label, index }) => ({
        family: family === 4 ? 'inet' : 'inet6',
        local: address,
        prefixlen: prefixLength,
        scope: scope === 0 ? 'global' : scope,
        ...(label !== undefined && { label }),
        valid_life_time: 0xffffffff,
        preferred_life_time: index === WG0 ? 0xffffffff : 0,
      })),
    ).toEqual(link?.addr_info)
  })

  it.each([
    'ip -4 route show table 51820',
    'ip -4 route show table main',
    'ip -6 route show table main',
    'ip -4 route get 203.0.113.7 mark 7',
  ])('%s', (label) => {
    const ours = messagesOf(label).map(toRoute)
    const shown = recorded(label).shown as Record<string, unknown>[]
    expect(ours.length).toBeGreaterThan(0)
    expect(ours.map((route) => asShown(route, shown[0] ?? {}))).toEqual(shown.map(comparable))
    const table = label.includes('51820') ? 51820 : 254
    expect(ours.map((route) => route.table)).toEqual(ours.map(() => table))
  })

  it.each(['ip -4 rule show', 'ip -6 rule show'])('%s', (label) => {
    const shown = recorded(label).shown as Record<string, unknown>[]
    expect(messagesOf(label).map(toRule).map(ruleAsShown)).toEqual(shown)
  })
})

const protocols: Record<number, string> = { 2: 'kernel', 3: 'boot' }
const scopes: Record<number, string> = { 0: 'global', 253: 'link' }

/** A route in the words of ip(8); a looked-up one has neither protocol nor scope there. */
function asShown(route: ReturnType<typeof toRoute>, { protocol }: Record<string, unknown>): object {
  const { family, destination, link, gateway, source, priority, metrics, type } = route
  const [address = '', bits = ''] = destination.split('/')
  const isHost = Number(bits) === (family === 4 ? 32 : 128)
  return {
    type: type === 1 ? 'unicast' : type,
    dst: Number(bits) === 0 ? 'default' : isHost ? address : destination,
    ...(gateway !== undefined && { gateway }),
    dev: link === WG0 ? 'wg0' : link === D0 ? 'd0' : link,
    ...(protocol !== undefined && {
      protocol: protocols[route.protocol],
      scope: scopes[route.scope],
    }),
    ...(source !== undefined && { prefsrc: source }),
    ...(priority !== undefined && { metric: priority }),
    ...(metrics?.mtu !== undefined && { metrics: [{ mtu: metrics.mtu }] }),
  }
}

/** What {@link toRoute} leaves to the attributes is left out. */
function comparable(shown: Record<string, unknown>): object {
  const { flags, pref, mark, uid, cache, table, ...rest } = shown
  return rest
}

const tables: Record<number, string> = { 253: 'default', 254: 'main', 255: 'local' }

function ruleAsShown(rule: ReturnType<typeof toRule>): object {
  const { priority = 0, invert, from, firewallMark, firewallMask, inputLink, table = 0 } = rule
  const [src = 'all', srclen] = from?.split('/') ?? []
  const hex = (value: number): string => `0x${value.toString(16)}`
  const hasMask = firewallMask !== undefined && firewallMask !== 0xffffffff
  return {
    priority,
    ...(invert && { not: null }),
    src,
    ...(srclen !== undefined && { srclen: Number(srclen) }),
    ...(firewallMark !== undefined && { fwmark: hex(firewallMark) }),
    ...(hasMask && { fwmask: hex(firewallMask) }),
    ...(inputLink !== undefined && { iif: inputLink }),
    table: tables[table] ?? `${table}`,
    ...(rule.suppressPrefixLength !== undefined && {
      suppress_prefixlen: rule.suppressPrefixLength,
    }),
  }
}
