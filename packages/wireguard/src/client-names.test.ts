import { generatePrivateKey, publicKey } from '@wgctrl/types'
import { MemoryBackend } from '@wgctrl/types/testing'
import { expect, it } from 'vitest'
import { open } from './index.js'

const PEER = publicKey(generatePrivateKey())

it('sync looks up the names in endpoints, and finds no difference where the address is the same', async () => {
  const backend = new MemoryBackend()
  await backend.create('wg0')
  const lookup = async (host: string) => {
    if (host === 'a.example') return [{ address: '192.0.2.7' }]
    throw Object.assign(new Error('no such host'), { code: 'ENOTFOUND' })
  }
  await using wg = await open({ backends: [backend], resolve: { lookup } })
  const desired = { peers: [{ publicKey: PEER, endpoint: 'a.example:51820' }] }
  const [change] = await wg.sync('wg0', desired, { dryRun: true })
  expect(change).toMatchObject({ kind: 'peer-added', endpoint: '192.0.2.7:51820' })
  await wg.sync('wg0', desired)
  expect(await wg.sync('wg0', desired)).toEqual([])
  const wrong = { peers: [{ publicKey: PEER, endpoint: 'b.example:51820' }] }
  await expect(wg.sync('wg0', wrong)).rejects.toMatchObject({
    code: 'ENOTFOUND',
    path: 'peers[0].endpoint',
    operation: 'sync',
  })
})

it('names gives the names of all backends, and fails when one cannot say', async () => {
  const [kernel, userspace] = [new MemoryBackend('linux-kernel'), new MemoryBackend('userspace')]
  await kernel.create('wg1')
  for (const name of ['wg1', 'wg0']) await userspace.create(name)
  await using wg = await open({ backends: [kernel, userspace] })
  expect(await wg.names()).toEqual(['wg0', 'wg1'])
  expect(await wg.names({ backend: 'linux-kernel' })).toEqual(['wg1'])
  userspace.list = () => Promise.reject(new Error('broken'))
  await expect(wg.names()).rejects.toThrow('broken')
})
