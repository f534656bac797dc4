import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { RT_TABLE } from '@wgctrl/netlink'
import type { DeviceKind } from '@wgctrl/types'
import { describe, expect, it, vi } from 'vitest'
import { type InterfaceSettings, open, type UpOptions, type WireGuard } from 'wgctrl'
import { MemoryMachine } from 'wgctrl/testing'
import { findFirewall } from '../../packages/wireguard/src/interface/firewall.js'
import { findForwarding } from '../../packages/wireguard/src/interface/forwarding.js'
import {
  type Machine,
  machineOf,
  type Rtnl,
} from '../../packages/wireguard/src/interface/machine.js'
import { thisMachine } from '../../packages/wireguard/src/interface/this-machine.js'
import { cases } from './cases.js'
import { serverConfig } from './forwarding-stage.js'
import { TestNamespace } from './namespace.js'
import { chosenBackend, useRecords } from './sides.js'

const kind = await chosenBackend()

const all: Record<string, InterfaceSettings> = {
  ...cases,
  NAT: { ...serverConfig, nat: { to: 'uplink' }, betweenClients: false },
  'forwarding, and another NAT': {
    ...serverConfig,
    forward: true,
    nat: { networks: ['10.8.0.0/24'], source: '192.0.2.2' },
  },
}
const titles = Object.keys(all)
const pairs = titles.map((title, at) => [title, titles[(at + 1) % titles.length] ?? ''] as const)

/** All pairs, or every third from where the seed says; every run tells its own. */
const isLong = process.env.WGCTRL_MEMORY_MACHINE === 'all'
const SEED = Number(process.env.WGCTRL_MEMORY_MACHINE_SEED ?? Date.now() % 2 ** 31)
const share = isLong ? pairs : pairs.filter((_, at) => (at + SEED) % 3 === 0)

const options: UpOptions = { backend: kind, dns: 'resolvconf' }

describe(`a machine in memory is as the real one, on devices of kind ${kind} (seed ${SEED})`, () => {
  it.each(share)('%s, then %s', async (title, next) => {
    using records = await useRecords()
    await using namespace = await TestNamespace.create('wgctrl-memory')
    await using real = await open({ backends: [kind], netns: namespace.name })
    await using _ = {
      [Symbol.asyncDispose]: () =>
        real.down('wg0').then(
          () => {},
          () => {},
        ),
    }
    const machine = await machineLike(kind)
    await using fake = await open({ backends: [machine] })
    const compare = async (act: (wg: WireGuard) => Promise<unknown>): Promise<void> => {
      const [expected, outcome] = [await outcomeOf(act(real)), await outcomeOf(act(fake))]
      expect(outcome).toEqual(expected)
      // The kernel takes a moment for what an address of IPv6 brings.
      await vi.waitFor(async () => {
        const there = await observe(thisMachine, namespace.name)
        expect(await observe(machineOf(fake) as Machine, undefined)).toEqual(there)
      })
      expect((await machine.state()).nameServers).toEqual(await recordsIn(records.folder))
    }
    const config = { name: 'wg0', ...all[title] }
    await compare((wg) => wg.up(config, { ...options, dryRun: true }))
    await compare((wg) => wg.up(config, options))
    await compare((wg) => wg.up(config, options))
    await compare((wg) => wg.reconcile('wg0', config))
    await compare((wg) => wg.reconcile('wg0', all[next] ?? {}, { dryRun: true }))
    await compare((wg) => wg.reconcile('wg0', all[next] ?? {}))
    await compare((wg) => wg.ensure({ name: 'wg0', ...all[next] }, options))
    await compare((wg) => wg.down('wg0', { dns: 'resolvconf' }))
    await compare((wg) => wg.down('wg0', { dns: 'resolvconf' }))
  })
})

/** The same network as that of a {@link TestNamespace}. */
async function machineLike(devices: DeviceKind): Promise<MemoryMachine> {
  const machine = new MemoryMachine(devices)
  await machine.addLink({
    name: 'uplink',
    mtu: 1450,
    addresses: ['192.0.2.2/24', '2001:db8::2/64'],
    gateways: ['192.0.2.1', '2001:db8::1'],
  })
  return machine
}

/** What came of a call, or how it failed. */
const outcomeOf = (call: Promise<unknown>): Promise<unknown> =>
  call.catch(({ name, code, step }) => ({ failed: { name, code, step } }))

const settings = [
  'net/ipv4/conf/all/src_valid_mark',
  'net/ipv4/ip_forward',
  'net/ipv6/conf/all/forwarding',
]

/** A machine as it is seen through what is used of it. */
async function observe(machine: Machine, netns: string | undefined): Promise<object> {
  await using rtnl = await machine.openRtnl(netns)
  const place = { machine, netns }
  const firewall = await findFirewall('wg0', place, 'auto')
  return {
    ...(await network(rtnl)),
    rules: [await rtnl.rules({ family: 4 }), await rtnl.rules({ family: 6 })],
    firewall: firewall.map(({ family, by, mark, addresses }) => ({ family, by, mark, addresses })),
    forwarding: await findForwarding('wg0', { ...place, firewall: 'auto' }),
    settings: await Promise.all(settings.map((path) => machine.settings.read(path, netns))),
  }
}

async function network(rtnl: Rtnl): Promise<object> {
  const links = (await rtnl.links()).filter(({ name }) => name !== 'far')
  const nameOf = new Map(links.map(({ index, name }) => [index, name]))
  const addresses = (await rtnl.addresses())
    .filter(({ index, address }) => nameOf.has(index) && !address.startsWith('fe80:'))
    .map(({ index, address, prefixLength, scope, flags }) => {
      // Bits that tell how an IPv6 address came about mean nothing here.
      const isSecondary = !address.includes(':') && (flags & 1) !== 0
      return [nameOf.get(index), `${address}/${prefixLength}`, scope % 254, isSecondary].join(' ')
    })
  const routes = (await rtnl.routes())
    // The kernel's own, to its addresses and to those that it makes up.
    .filter(
      ({ table, destination }) => table !== RT_TABLE.local && !destination.startsWith('fe80:'),
    )
    .filter(({ link }) => link === undefined || nameOf.has(link))
    .map((route) => ({ ...route, ...(route.link && { link: nameOf.get(route.link) }) }))
  return {
    links: links.map(({ name, kind: driver, mtu, up }) => [
      name,
      driver === 'veth' ? undefined : driver,
      mtu,
      up,
    ]),
    // Of IPv6 the order says nothing.
    addresses: [...addresses.filter(isIPv4), ...addresses.filter((each) => !isIPv4(each)).sort()],
    routes: routes.map((route) => JSON.stringify(route, Object.keys(route).sort())).sort(),
  }
}

const isIPv4 = (line: string): boolean => !line.includes(':')

async function recordsIn(folder: string): Promise<object> {
  const names = await readdir(folder)
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')))
  return Object.fromEntries(names.map((name, at) => [name, texts[at]]))
}
