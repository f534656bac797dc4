// Runs on a kernel that was booted with `ipv6.disable=1`: asking it for IPv6 is EAFNOSUPPORT.
import { readFile } from 'node:fs/promises'
import { KernelBackend } from '@wgctrl/netlink'
import { UserspaceBackend } from '@wgctrl/uapi'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type InterfaceConfig, open, type WireGuard } from 'wgctrl'
import { failure } from '../../contract/bench.js'
import { peerKey } from '../../contract/samples.js'
import { run, runWith } from '../../lifecycle/command.js'
import { configText } from '../../lifecycle/config-text.js'

const privateKey = 'yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk='
const peer = { publicKey: peerKey(1), endpoint: '192.0.2.9:51820' }
const everything: InterfaceConfig = {
  name: 'wg0',
  privateKey,
  listenPort: 51821,
  addresses: ['10.9.0.1/24'],
  peers: [{ ...peer, allowedIPs: ['0.0.0.0/0'] }],
}
const one: InterfaceConfig = {
  ...everything,
  addresses: ['10.9.0.2/24'],
  peers: [{ ...peer, allowedIPs: ['10.30.0.0/16'] }],
}

/** What there is of the network, without the numbers of links. */
const shown = `
ip -o link | cut -d: -f2- | cut -d' ' -f2-6; ip -4 -o address | cut -d' ' -f2-
ip -4 route show table all; ip -4 rule; nft list ruleset`
const network = (): Promise<string> => run('sh', '-e', '-c', shown)

beforeAll(async () => {
  expect((await readFile('/proc/cmdline', 'utf8')).split(/\s+/)).toContain('ipv6.disable=1')
  await runWith(
    `link add uplink mtu 1450 type veth peer name far
address add 192.0.2.2/24 dev uplink
link set uplink up
link set far up
route add default via 192.0.2.1
`,
    'ip',
    '-batch',
    '-',
  )
})

describe.each(['linux-kernel', 'userspace'])('without IPv6, on devices of kind %s', (kind) => {
  let wg: WireGuard
  let before: string

  beforeEach(async () => {
    const backend = kind === 'linux-kernel' ? new KernelBackend() : new UserspaceBackend()
    wg = await open({ backends: [backend] })
    before = await network()
  })

  afterEach(async () => {
    await wg.close()
    expect(await network()).toBe(before)
  })

  it('brings a default route of IPv4 up and down', async () => {
    expect((await wg.up(everything)).warnings).toEqual([])
    const during = await network()
    expect(during).toContain('default dev wg0 table 51820')
    expect(during).toContain('not from all fwmark 0xca6c lookup 51820')
    expect(during).toContain('daddr 10.9.0.1 fib saddr type != local drop')
    expect(await wg.reconcile('wg0', everything)).toEqual([])
    expect((await wg.down('wg0')).warnings).toEqual([])
  })

  it('reconciles from a default route to another network, and back', async () => {
    await wg.up(one)
    const split = await network()
    await wg.reconcile('wg0', everything)
    expect(await network()).toContain('default dev wg0 table 51820')
    expect(await wg.reconcile('wg0', everything)).toEqual([])
    await wg.reconcile('wg0', one)
    expect(await network()).toBe(split)
    await wg.down(one)
  })

  it('takes an interface down that died, and brings up the next one', async () => {
    await wg.up(everything)
    await wg.delete('wg0')
    expect(await network()).toContain('lookup 51820')
    await wg.down('wg0')
    await wg.up(everything)
    await wg.down('wg0')
  })

  it('refuses an address and a default route of IPv6, and takes all back', async () => {
    const six = { ...everything, addresses: ['10.9.0.1/24', 'fd00:9::1/64'] }
    const absent = {
      code: 'EAFNOSUPPORT',
      message: expect.stringContaining('IPv6 is switched off'),
    }
    expect(await failure(wg.up(six))).toMatchObject(absent)
    expect(await network()).toBe(before)
    const both = { ...everything, peers: [{ ...peer, allowedIPs: ['0.0.0.0/0', '::/0'] }] }
    expect(await failure(wg.up(both))).toMatchObject(absent)
  })

  it('names endpoints of IPv6 that nothing can be sent to', async () => {
    const far = { ...peer, endpoint: '[2001:db8::9]:51820', allowedIPs: ['10.30.0.0/16'] }
    // The way to it is not known: the default route tells the MTU.
    expect(await wg.up({ ...one, peers: [far] })).toMatchObject({ mtu: 1370 })
    await wg.down('wg0')
  })
})

it('what wg-quick(8) has made is taken down, and the other way round', async () => {
  await using wg = await open({ backends: [new KernelBackend()] })
  const file = '/tmp/wg0.conf'
  await runWith(configText(everything), 'sh', '-c', `umask 077; cat >${file}`)
  const before = await network()
  await run('wg-quick', 'up', file)
  const theirs = await network()
  expect(await wg.reconcile('wg0', everything)).toEqual([])
  await wg.down('wg0')
  expect(await network()).toBe(before)
  await wg.up(everything)
  expect(await network()).toBe(theirs)
  await run('wg-quick', 'down', file)
  expect(await network()).toBe(before)
})
