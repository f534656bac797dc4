import { afterEach, beforeEach, expect, it } from 'vitest'
import { type DeviceConfig, open, type PeerConfig, type WireGuard } from 'wgctrl'
import { uniqueName } from '../../contract/harness.js'
import { ip, isolate } from '../../contract/harnesses/isolation.js'
import { keyPair, peerKey } from '../../contract/samples.js'

/** Calls that read, compare and write, on devices of the kernel in a namespace that is not this process's. */
const netns = uniqueName()
const name = 'wg0'
let wg: WireGuard
let another: WireGuard

beforeEach(async () => {
  await isolate()
  await ip('netns', 'add', netns)
  // A number that no link of this process's namespace has.
  await ip('-n', netns, 'link', 'add', 'eth0', 'index', '77', 'type', 'dummy')
  wg = await open({ backends: ['linux-kernel'], netns })
  another = await open({ backends: ['linux-kernel'], netns })
  await wg.create(name)
})

afterEach(async () => {
  await wg.close()
  await another.close()
  await ip('netns', 'delete', netns)
})

const peers = (...numbers: number[]): PeerConfig[] =>
  numbers.map((n) => ({ publicKey: peerKey(n), allowedIPs: [`10.0.${n}.0/24`] }))

const keys = async (): Promise<string[]> =>
  (await wg.device(name)).peers.map(({ publicKey }) => publicKey).sort()

it('of several at once the last in line decides, also through two clients', async () => {
  for (let round = 0; round < 5; round++) {
    await wg.configure(name, { replacePeers: true })
    await Promise.all([
      wg.sync(name, { peers: peers(1, 2, 3) }),
      another.configure(name, { peers: peers(4) }),
      wg.sync(name, { peers: peers(1, 2) }),
      another.configure(name, { peers: peers(5) }),
    ])
    expect(await keys()).toEqual([1, 2, 5].map(peerKey).sort())
  }
})

it.each([
  ['a scope by its name', '[fe80::9%eth0]:51820', 77],
  ['a scope by its number', '[fe80::9%77]:51820', 77],
  ['an address as a socket for both families shows it', '[::ffff:192.0.2.1]:51820', undefined],
])('%s is at rest once it was written', async (_, endpoint, scopeId) => {
  const config: DeviceConfig = { peers: [{ publicKey: peerKey(1), endpoint }] }
  expect(await wg.sync(name, config)).not.toEqual([])
  expect((await wg.device(name)).peers[0]?.endpoint?.scopeId).toBe(scopeId)
  expect(await wg.sync(name, config)).toEqual([])
  const whole = { ...config, addresses: ['10.9.0.1/32'], peers: config.peers ?? [] }
  await wg.reconcile(name, whole)
  expect(await wg.reconcile(name, whole)).toEqual([])
})

it('an interface with a default route comes up, and goes without a trace', async () => {
  await wg.delete(name)
  const before = await network()
  await wg.up({
    name,
    privateKey: keyPair(1).privateKey,
    addresses: ['10.9.0.1/32', 'fd00:9::1/128'],
    peers: [
      { publicKey: peerKey(1), endpoint: '192.0.2.1:51820', allowedIPs: ['0.0.0.0/0', '::/0'] },
    ],
  })
  const during = await network()
  expect(during).toMatch(/lookup 51820/)
  expect(during).toMatch(/default dev wg0 table 51820/)
  await wg.down(name)
  expect(await network()).toBe(before)
})

async function network(): Promise<string> {
  const asked = [
    ['rule'],
    ['-6', 'rule'],
    ['route', 'show', 'table', 'all'],
    ['-6', 'route', 'show', 'table', 'all'],
    ['-brief', 'address'],
  ]
  return (await Promise.all(asked.map((words) => ip('-n', netns, ...words)))).join('')
}
