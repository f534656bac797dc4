import { describe, expect, it } from 'vitest'
import { Rtnl } from './rtnl.js'
import { answer, fakeTransport } from './testing/index.js'

/** Calls with what nobody could mean, and the field that each error has to name. */
const refused: Record<string, [field: string, call: (rtnl: Rtnl) => Promise<unknown>][]> = {
  link: [
    ['link', (rtnl) => rtnl.link(undefined as never)],
    ['link', (rtnl) => rtnl.link({} as never)],
    ['link', (rtnl) => rtnl.link('')],
    ['link', (rtnl) => rtnl.link('lo\0')],
    ['link', (rtnl) => rtnl.link(0)],
    ['link', (rtnl) => rtnl.link(-1)],
    ['link', (rtnl) => rtnl.link(1.5)],
    ['link', (rtnl) => rtnl.link(2 ** 31)],
    ['link', (rtnl) => rtnl.deleteLink(0.5)],
    ['options.timeout', (rtnl) => rtnl.link('lo', { timeout: 5 } as never)],
    ['options.signal', (rtnl) => rtnl.link('lo', { signal: {} as never })],
    ['type', (rtnl) => rtnl.links({ type: 'veth' } as never)],
    ['kind', (rtnl) => rtnl.links({ kind: 7 as never })],
    ['brief', (rtnl) => rtnl.links({ brief: 1 as never })],
  ],
  'new link': [
    ['link', (rtnl) => rtnl.createLink(null as never)],
    ['name', (rtnl) => rtnl.createLink({ kind: 'veth' } as never)],
    ['name', (rtnl) => rtnl.createLink({ name: 'longer-than-links', kind: 'veth' })],
    ['kind', (rtnl) => rtnl.createLink({ name: 'a' } as never)],
    ['kind', (rtnl) => rtnl.createLink({ name: 'a', kind: 'veth\0x' })],
    ['data', (rtnl) => rtnl.createLink({ name: 'a', kind: 'veth', data: 'x' as never })],
    ['mtu', (rtnl) => rtnl.createLink({ name: 'a', kind: 'veth', mtu: 2 ** 32 })],
    ['mtu', (rtnl) => rtnl.changeLink(1, { mtu: '1400' as never })],
    ['mtu', (rtnl) => rtnl.changeLink(1, { mtu: 1400.5 })],
    ['mtu', (rtnl) => rtnl.changeLink(1, { mtu: Number.NaN })],
    ['up', (rtnl) => rtnl.changeLink(1, { up: 'no' as never })],
    ['name', (rtnl) => rtnl.changeLink(1, { name: 'a b' })],
    ['state', (rtnl) => rtnl.changeLink(1, { state: 'up' } as never)],
    ['change', (rtnl) => rtnl.changeLink(1, undefined as never)],
  ],
  address: [
    ['index', (rtnl) => rtnl.addAddress({ address: '10.0.0.1/24' } as never)],
    ['index', (rtnl) => rtnl.addAddress({ index: 'lo' as never, address: '10.0.0.1/24' })],
    ['address', (rtnl) => rtnl.addAddress({ index: 1 } as never)],
    ['address', (rtnl) => rtnl.addAddress({ index: 1, address: 7 as never })],
    ['address', (rtnl) => rtnl.deleteAddress({ index: 1, address: '10.0.0.1/33' })],
    ['flags', (rtnl) => rtnl.addAddress({ index: 1, address: '10.0.0.1', flags: -1 })],
    [
      'prefixLength',
      (rtnl) => rtnl.deleteAddress({ index: 1, address: '10.0.0.1', prefixLength: 8 } as never),
    ],
    ['link', (rtnl) => rtnl.addresses({ link: 1 } as never)],
    ['family', (rtnl) => rtnl.addresses({ family: 'inet' as never })],
  ],
  route: [
    ['route', (rtnl) => rtnl.addRoute(null as never)],
    ['destination', (rtnl) => rtnl.addRoute({ link: 1 } as never)],
    ['destination', (rtnl) => rtnl.addRoute({ destination: 7 as never })],
    ['dev', (rtnl) => rtnl.addRoute({ destination: '10.0.0.0/8', dev: 1 } as never)],
    ['table', (rtnl) => rtnl.addRoute({ destination: '10.0.0.0/8', table: 'main' as never })],
    ['table', (rtnl) => rtnl.deleteRoute({ destination: '10.0.0.0/8', table: -1 })],
    ['link', (rtnl) => rtnl.addRoute({ destination: '10.0.0.0/8', link: 'eth0' as never })],
    ['link', (rtnl) => rtnl.addRoute({ destination: '10.0.0.0/8', link: 1.5 })],
    ['type', (rtnl) => rtnl.addRoute({ destination: '10.0.0.0/8', type: 256 })],
    ['protocol', (rtnl) => rtnl.addRoute({ destination: '10.0.0.0/8', protocol: 300 })],
    ['scope', (rtnl) => rtnl.addRoute({ destination: '10.0.0.0/8', scope: 256 })],
    ['priority', (rtnl) => rtnl.addRoute({ destination: '10.0.0.0/8', priority: 2 ** 33 })],
    ['gateway', (rtnl) => rtnl.addRoute({ destination: '10.0.0.0/8', gateway: 'fd00::1' })],
    ['source', (rtnl) => rtnl.addRoute({ destination: 'fd00::/8', source: '10.0.0.1' })],
    ['family', (rtnl) => rtnl.addRoute({ destination: 'fd00::/8', family: 4 })],
    ['metrics', (rtnl) => rtnl.addRoute({ destination: '10.0.0.0/8', metrics: 7 as never })],
    [
      'metrics.mtu',
      (rtnl) => rtnl.addRoute({ destination: '10.0.0.0/8', metrics: { mtu: 'x' as never } }),
    ],
    [
      'metrics.mut',
      (rtnl) => rtnl.addRoute({ destination: '10.0.0.0/8', metrics: { mut: 7 } as never }),
    ],
    [
      'options.replaces',
      (rtnl) => rtnl.addRoute({ destination: '10.0.0.0/8' }, { replaces: true } as never),
    ],
    ['tabel', (rtnl) => rtnl.routes({ tabel: 7 } as never)],
    ['type', (rtnl) => rtnl.routes({ type: -1 })],
    ['address', (rtnl) => rtnl.routeTo(7 as never)],
    ['options.mark', (rtnl) => rtnl.routeTo('10.0.0.1', { mark: -1 })],
  ],
  rule: [
    ['family', (rtnl) => rtnl.addRule({ table: 7 } as never)],
    ['family', (rtnl) => rtnl.addRule({ family: 5 as never })],
    ['from', (rtnl) => rtnl.addRule({ family: 4, from: 'fd00::/8' })],
    ['to', (rtnl) => rtnl.deleteRule({ family: 6, to: '10.0.0.0/8' })],
    ['invert', (rtnl) => rtnl.addRule({ family: 4, invert: 'no' as never })],
    ['inputLink', (rtnl) => rtnl.addRule({ family: 4, inputLink: 'longer-than-links' })],
    ['fwmark', (rtnl) => rtnl.addRule({ family: 4, fwmark: 7 } as never)],
    ['firewallMark', (rtnl) => rtnl.deleteRule({ family: 4, firewallMark: 2 ** 32 })],
    ['options.repeat', (rtnl) => rtnl.addRule({ family: 4 }, { repeat: 1 as never })],
    ['family', (rtnl) => rtnl.rules({ family: 0 as never })],
  ],
}

describe.each(Object.entries(refused))('what a %s cannot be', (_, cases) => {
  it.each(cases)('names %s, before anything is sent', async (path, call) => {
    const transport = fakeTransport((request) => [answer(request, 0)])
    await using rtnl = new Rtnl(transport)
    const error = await call(rtnl).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'EINVAL', path })
    expect((error as Error).message).toMatch(path)
    expect(transport.requests).toEqual([])
  })
})
