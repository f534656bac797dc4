import { MemoryBackend } from '@wgctrl/types/testing'
import { beforeAll, expect, it, onTestFinished } from 'vitest'
import { generatePrivateKey, open, publicKey } from 'wgctrl'
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
