import { IFF, type Link, Rtnl } from '@wgctrl/netlink'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { Bench, failure } from '../../contract/bench.js'
import { uniqueName } from '../../contract/harness.js'
import { ip } from '../../contract/harnesses/isolation.js'
import { kernel } from '../../contract/harnesses/kernel.js'
import { freePort, takenPort } from '../../contract/ports.js'

const bench = new Bench(kernel)
beforeAll(() => bench.setup())
afterAll(() => bench.teardown())

/** What `ip -details -json link show` says of a link. @source ip-link(8), iproute2's ipaddress.c */
interface Shown {
  ifindex: number
  ifname: string
  flags: string[]
  mtu: number
  qdisc: string
  operstate: string
  group: string
  txqlen: number
  link_type: string
  promiscuity: number
  min_mtu: number
  max_mtu: number
  num_tx_queues: number
  num_rx_queues: number
  linkinfo?: { info_kind?: string }
}

it('a device that we make is the link that ip(8) shows', async () => {
  await using rtnl = await Rtnl.open()
  const name = uniqueName()
  bench.removeAfterCase(name)
  await bench.wg.create(name, { mtu: 1380 })
  const down = await showLink(name)
  expect(down).toMatchObject({ mtu: 1380, linkinfo: { info_kind: 'wireguard' } })
  expect(asShown(await rtnl.link(name))).toEqual(picked(down))
  await rtnl.changeLink(name, { up: true, mtu: 1300 })
  const up = await showLink(name)
  expect(up).toMatchObject({ mtu: 1300, flags: expect.arrayContaining(['UP', 'LOWER_UP']) })
  expect(asShown(await rtnl.link(name))).toEqual(picked(up))
  expect((await bench.wg.device(name)).interfaceIndex).toBe(up.ifindex)
})

it('a device that ip(8) makes is one of ours, and what we delete it does not show', async () => {
  const name = uniqueName()
  await ip('link', 'add', name, 'index', '4711', 'mtu', '1400', 'type', 'wireguard')
  bench.removeAfterCase(name)
  expect(await bench.wg.list()).toContain(name)
  expect((await bench.wg.device(name)).interfaceIndex).toBe(4711)
  await bench.wg.delete(name)
  await expect(showLink(name)).rejects.toThrow('does not exist')
})

it('all links, as ip(8) lists them', async () => {
  await using rtnl = await Rtnl.open()
  await bench.newDevice()
  await bench.newDevice()
  const links: Shown[] = JSON.parse(await ip('-details', '-json', 'link', 'show'))
  expect(links.length).toBeGreaterThan(2)
  expect((await rtnl.links()).map(asShown)).toEqual(links.map(picked))
})

it('a device has its port while its link is up, and leaves it to others while that is down', async () => {
  await using rtnl = await Rtnl.open()
  const port = await freePort()
  const name = await bench.newDevice({ listenPort: port })
  await rtnl.changeLink(name, { up: true })
  expect(await failure(takenPort(port))).toMatchObject({ code: 'EADDRINUSE' })
  await rtnl.changeLink(name, { up: false })
  {
    await using _ = await takenPort(port)
    expect((await bench.wg.device(name)).listenPort).toBe(port)
    const call = rtnl.changeLink(name, { up: true })
    expect(await failure(call)).toMatchObject({ code: 'EADDRINUSE' })
  }
  await rtnl.changeLink(name, { up: true })
})

it('a device whose link is down takes a port that others have: who sets the link up is told', async () => {
  await using rtnl = await Rtnl.open()
  await using taken = await takenPort()
  const name = uniqueName()
  bench.removeAfterCase(name)
  await bench.wg.create(name)
  await bench.wg.configure(name, { listenPort: taken.port })
  expect((await bench.wg.device(name)).listenPort).toBe(taken.port)
  const call = rtnl.changeLink(name, { up: true })
  expect(await failure(call)).toMatchObject({ code: 'EADDRINUSE' })
  await bench.wg.configure(name, { listenPort: await freePort() })
  await rtnl.changeLink(name, { up: true })
})

async function showLink(name: string): Promise<Shown> {
  const [link] = JSON.parse(await ip('-details', '-json', 'link', 'show', name)) as Shown[]
  if (!link) throw new Error(`ip(8) shows no link ${name}`)
  return link
}

/** Flags that ip(8) puts in words: those that WireGuard, loopback and the like can have. */
const flagNames: [number, string][] = [
  [IFF.up, 'UP'],
  [IFF.broadcast, 'BROADCAST'],
  [IFF.loopback, 'LOOPBACK'],
  [IFF.pointToPoint, 'POINTOPOINT'],
  [IFF.noArp, 'NOARP'],
  [IFF.multicast, 'MULTICAST'],
  [IFF.lowerUp, 'LOWER_UP'],
]

function picked(link: Shown) {
  const names = flagNames.map(([, name]) => name).filter((name) => link.flags.includes(name))
  return {
    index: link.ifindex,
    name: link.ifname,
    kind: link.linkinfo?.info_kind,
    flags: names,
    mtu: link.mtu,
    qdisc: link.qdisc,
    operState: link.operstate.toLowerCase(),
    group: link.group === 'default' ? 0 : Number(link.group),
    queueLength: link.txqlen,
    promiscuity: link.promiscuity,
    mtuRange: [link.min_mtu, link.max_mtu],
    queues: [link.num_tx_queues, link.num_rx_queues],
  }
}

function asShown(link: Link): ReturnType<typeof picked> {
  const { attributes } = link
  return {
    index: link.index,
    name: link.name,
    kind: link.kind,
    flags: flagNames.filter(([bit]) => (link.flags & bit) !== 0).map(([, name]) => name),
    mtu: link.mtu ?? -1,
    qdisc: attributes.qdisc ?? '',
    operState: link.operState ?? '',
    group: attributes.group ?? -1,
    queueLength: attributes.txqlen ?? -1,
    promiscuity: attributes.promiscuity ?? -1,
    mtuRange: [attributes.minMtu ?? -1, attributes.maxMtu ?? -1],
    queues: [attributes.numTxQueues ?? -1, attributes.numRxQueues ?? -1],
  }
}

it('a lookup names the table that the route is in', async () => {
  await using rtnl = await Rtnl.open()
  const name = await bench.newDevice()
  const { index } = await rtnl.link(name)
  const rule = { family: 4, firewallMark: 7, table: 51820 } as const
  await rtnl.addRoute({ destination: '0.0.0.0/0', link: index, table: rule.table })
  await rtnl.addRule(rule)
  onTestFinished(() => ip('rule', 'delete', 'fwmark', '7').then(() => {}))
  const route = await rtnl.routeTo('203.0.113.7', { mark: 7 })
  expect(route).toMatchObject({ link: index, table: rule.table })
  const [shown] = JSON.parse(await ip('-json', 'route', 'get', '203.0.113.7', 'mark', '7'))
  expect(shown).toMatchObject({ dev: name, table: `${rule.table}` })
})
