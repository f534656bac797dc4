import { Rtnl } from '@wgctrl/netlink'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run } from '../lifecycle/command.js'
import { TestNamespace } from '../lifecycle/namespace.js'

let namespace: TestNamespace
let rtnl: Rtnl
let uplink: number

beforeAll(async () => {
  namespace = await TestNamespace.create('wgctrl-rtnl')
  rtnl = await Rtnl.open({ netns: namespace.name })
  uplink = (await rtnl.link('uplink')).index
})

afterAll(async () => {
  await rtnl.close()
  await namespace[Symbol.asyncDispose]()
})

describe('routeTo', () => {
  it.each([
    ['198.51.100.1', '192.0.2.1'],
    ['2001:db8:1::1', '2001:db8::1'],
  ])('finds the way to %s', async (address, gateway) => {
    const route = { gateway, link: uplink, table: 254 }
    expect(await rtnl.routeTo(address)).toMatchObject(route)
    expect(await rtnl.routeTo(address, { mark: 7 })).toMatchObject(route)
  })

  it.each(['10.7.0.0/16', 'fd07::/16'])('is refused where a route to %s prohibits', async (net) => {
    await namespace.ip('route', 'add', 'prohibit', net)
    const [address = ''] = net.split('/')
    await expect(rtnl.routeTo(address)).rejects.toMatchObject({ code: 'EPERM' })
  })
})

describe('a table that is not there', () => {
  it.each([4, 6] as const)('has no routes of IPv%d', async (family) => {
    expect(await rtnl.routes({ family, table: 4711 })).toEqual([])
    expect(await rtnl.routes({ family, table: 254 })).not.toEqual([])
  })

  it('may be the main one, of a namespace in which nothing happened yet', async () => {
    const name = 'wgctrl-fresh'
    await run('ip', 'netns', 'add', name)
    try {
      await using fresh = await Rtnl.open({ netns: name })
      for (const family of [4, 6] as const) {
        expect(await fresh.routes({ family, table: 254 })).toEqual([])
      }
    } finally {
      await run('ip', 'netns', 'delete', name)
    }
  })
})

describe('IPv6 that is switched off', () => {
  const off = { code: 'EAFNOSUPPORT', errno: 13, message: /^IPv6 is switched off: / }

  it('takes neither address nor route, and says why', async () => {
    await namespace.run('sysctl', '-qw', 'net.ipv6.conf.uplink.disable_ipv6=1')
    const added = rtnl.addAddress({ index: uplink, address: 'fd00:1::1/64' })
    await expect(added).rejects.toMatchObject(off)
    const routed = rtnl.addRoute({ destination: 'fd00:2::/64', link: uplink })
    await expect(routed).rejects.toMatchObject(off)
    await rtnl.addAddress({ index: uplink, address: '10.8.0.1/24' })
  })
})

/** As many alternative names of 124 characters as a link can have: its message is larger than 64 KiB. */
it('lists all links, though one has thousands of bytes of names', async () => {
  await namespace.ip('link', 'add', 'long', 'type', 'veth', 'peer', 'name', 'behind')
  const names = Array.from({ length: 490 }, (_, index) => `${index}`.padStart(124, 'n'))
  const commands = names.map((name) => `link property add dev long altname ${name}`)
  await namespace.batch([], ...commands)
  const all = ['lo', 'uplink', 'far', 'long', 'behind'].sort()
  for (const filter of [{}, { brief: true }, { kind: 'veth' }, { kind: 'veth', brief: true }]) {
    const links = await rtnl.links(filter)
    const expected = 'kind' in filter ? all.filter((name) => name !== 'lo') : all
    expect(links.map(({ name }) => name).sort()).toEqual(expected)
    expect(links.find(({ name }) => name === 'long')?.altNames).toEqual(names)
  }
  expect((await rtnl.link('long')).altNames).toEqual(names)
})

it('a network namespace that is not there is ENOENT', async () => {
  const opened = Rtnl.open({ netns: 'no-such-namespace' })
  await expect(opened).rejects.toMatchObject({ code: 'ENOENT', path: 'netns' })
})
