import { beforeAll, expect, it, onTestFinished } from 'vitest'
import { generatePrivateKey, open, publicKey, readInterface } from 'wgctrl'
import { MemoryBackend, MemoryMachine } from 'wgctrl/testing'
import { isolate } from '../contract/harnesses/isolation.js'
import { run } from './command.js'

beforeAll(isolate)

const state = async (): Promise<string[]> =>
  await Promise.all(
    [
      ['ip', '-d', 'link'],
      ['ip', 'address'],
      ['ip', 'rule'],
      ['ip', 'route', 'show', 'table', 'all'],
      ['nft', 'list', 'ruleset'],
      ['sysctl', 'net.ipv4.ip_forward', 'net.ipv4.conf.all.src_valid_mark'],
    ].map(([program = '', ...args]) => run(program, ...args)),
  )

it('a device in memory leaves the interface of its name alone', async () => {
  const real = await open()
  await real.up({ name: 'wg0', privateKey: generatePrivateKey(), addresses: ['10.8.0.1/24'] })
  onTestFinished(async () => {
    await real.down('wg0')
    await real.close()
  })
  const fake = await open({ backends: [new MemoryBackend()] })
  await fake.create('wg0')
  const before = await state()
  const peers = [{ publicKey: publicKey(generatePrivateKey()), allowedIPs: ['0.0.0.0/0'] }]
  const settings = { addresses: ['10.99.0.1/24'], mtu: 1280, peers }
  const calls = [
    () => fake.reconcile('wg0', settings),
    () => fake.up({ name: 'wg0', ...settings }),
    () => fake.up({ name: 'wg1', ...settings }),
    () => fake.down('wg0'),
    () => fake.reresolve('wg0', settings),
  ]
  for (const call of calls) {
    await expect(call()).rejects.toMatchObject({ code: 'EUNSUPPORTED', feature: 'links' })
  }
  expect(await state()).toEqual(before)
})

it('a machine in memory leaves the interfaces of this one alone', async () => {
  const real = await open()
  await real.up({ name: 'wg0', privateKey: generatePrivateKey(), addresses: ['10.8.0.1/24'] })
  onTestFinished(async () => {
    await real.down('wg0')
    await real.close()
  })
  const before = await state()
  const fake = await open({ backends: [new MemoryMachine()] })
  const peer = publicKey(generatePrivateKey())
  const peers = [{ publicKey: peer, endpoint: '[fe80::1%lo]:1', allowedIPs: ['0.0.0.0/0'] }]
  const settings = { addresses: ['10.99.0.1/24'], mtu: 1280, nat: {}, peers }
  const postUp = ['ip link delete %i']
  expect(await fake.freeName()).toBe('wg0')
  await fake.up({ name: 'wg0', ...settings, hooks: { postUp } }, { hooks: 'shell' })
  await fake.reconcile('wg0', { ...settings, mtu: 1400 })
  await fake.sync('wg0', { peers })
  await fake.ensure({ name: 'wg1', ...settings })
  await fake.reresolve('wg0', { peers: [{ publicKey: peer, endpoint: 'localhost:1' }] })
  expect((await readInterface({ wg: fake }, 'wg0')).addresses).toEqual(['10.99.0.1/24'])
  expect(await state()).toEqual(before)
  await fake.down('wg0')
  await fake.down('wg1')
  await fake.close()
  expect(await state()).toEqual(before)
})
