import type { Route } from '@wgctrl/netlink'
import { type Device, runAtOnce } from '@wgctrl/types'
import { describe, expect, it } from 'vitest'
import { parseInterfaceAddress } from './address.js'
import { desiredAllowedIPs, planNetwork } from './reconcile-plan.js'

const key = 'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg='
const other = 'TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0='

const deviceWith = (allowedIPs: string[], firewallMark = 0): Device => ({
  name: 'wg0',
  kind: 'linux-kernel',
  listenPort: 0,
  firewallMark,
  peers: [
    {
      publicKey: key,
      persistentKeepalive: 0,
      receivedBytes: 0,
      transmittedBytes: 0,
      allowedIPs,
      protocolVersion: 1,
    },
  ],
})

const route = (destination: string, more: Partial<Route> = {}): Route => ({
  family: destination.includes(':') ? 6 : 4,
  destination,
  table: 254,
  type: 1,
  protocol: 3,
  scope: 253,
  link: 5,
  ...more,
})

const desired = (allowedIPs: string[], addresses: string[] = []) => ({
  device: { peers: [{ publicKey: key, allowedIPs }] },
  addresses: addresses.map((text) => parseInterfaceAddress(text, 'addresses')),
  table: 'auto' as const,
})

const present = (...texts: string[]) =>
  texts.map((text) => ({ ...parseInterfaceAddress(text, 'addresses'), isSecondary: false }))

/** What is planned, but for the order of the steps and what there is to plan by. */
function changesOf(...args: Parameters<typeof planNetwork>) {
  const { addresses, routes: _, ...changes } = runAtOnce(planNetwork(...args))
  const { addAddresses, removeAddresses } = addresses
  return { addAddresses, removeAddresses, ...changes }
}

const nothing = {
  addAddresses: [],
  removeAddresses: [],
  addRoutes: [],
  removeRoutes: [],
  defaults: [],
}

describe('planNetwork', () => {
  it('finds nothing to do', () => {
    const state = {
      device: deviceWith(['10.9.0.2/32', '10.8.0.0/16']),
      addresses: present('10.9.0.1/24'),
      routes: [route('10.9.0.0/24', { protocol: 2 }), route('10.8.0.0/16')],
    }
    expect(changesOf(state, desired(['10.9.0.2/32', '10.8.0.0/16'], ['10.9.0.1/24']))).toEqual(
      nothing,
    )
  })

  it('adds a route for what an address that goes no longer covers', () => {
    const state = {
      device: deviceWith(['10.9.0.2/32']),
      addresses: present('10.9.0.1/24'),
      routes: [route('10.9.0.0/24', { protocol: 2 })],
    }
    expect(changesOf(state, desired(['10.9.0.2/32'], ['10.7.0.1/24']))).toEqual({
      ...nothing,
      addAddresses: ['10.7.0.1/24'],
      removeAddresses: ['10.9.0.1/24'],
      addRoutes: [{ family: 4, destination: '10.9.0.2/32', table: 254 }],
    })
  })

  it('removes a route that a new address makes needless', () => {
    const needless = route('10.9.0.2/32')
    const state = { device: deviceWith(['10.9.0.2/32']), addresses: [], routes: [needless] }
    expect(changesOf(state, desired(['10.9.0.2/32'], ['10.9.0.1/24']))).toEqual({
      ...nothing,
      addAddresses: ['10.9.0.1/24'],
      removeRoutes: [needless],
    })
  })

  it('removes routes of allowed IPs that go, and no others', () => {
    const stale = route('10.8.0.0/16')
    const foreign = [
      route('10.7.0.0/16'),
      route('10.8.0.0/16', { table: 9, gateway: '10.9.0.1' }),
      route('10.8.0.0/16', { table: 10, protocol: 4 }),
      route('0.0.0.0/0', { table: 51820 }),
    ]
    const state = {
      device: deviceWith(['10.8.0.0/16', '0.0.0.0/0'], 51820),
      addresses: [],
      routes: [stale, ...foreign],
    }
    expect(changesOf(state, desired([]))).toEqual({ ...nothing, removeRoutes: [stale] })
  })
})

describe('desiredAllowedIPs', () => {
  const device = deviceWith(['10.1.0.0/16', '10.2.0.0/16'])
  const of = (...peers: object[]) => runAtOnce(desiredAllowedIPs(device, { peers: peers as [] }))

  it('are all that a peer should have', () => {
    expect(of({ publicKey: key, allowedIPs: ['10.3.4.5/16'] })).toEqual(['10.3.0.0/16'])
  })

  it('are a change of what it has', () => {
    const allowedIPs = [{ cidr: '10.1.0.0/16', remove: true }, '10.3.0.0/16']
    expect(of({ publicKey: key, allowedIPs })).toEqual(['10.2.0.0/16', '10.3.0.0/16'])
  })

  it('are none of a peer that goes, or is not there to be updated', () => {
    const updateOnly = { publicKey: other, updateOnly: true, allowedIPs: ['10.4.0.0/16'] }
    expect(of({ publicKey: key, remove: true }, updateOnly)).toEqual([])
  })
})
