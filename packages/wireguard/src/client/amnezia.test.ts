import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { publicKey } from '@wgctrl/types'
import { FakeDevice } from '@wgctrl/types/testing'
import { FakeUapiServer } from '@wgctrl/uapi/testing'
import { expect, it, onTestFinished } from 'vitest'
import { open } from '../index.js'

const PEER = publicKey(Buffer.alloc(32, 7))

async function client() {
  const socketDir = await mkdtemp(join(tmpdir(), 'wgctrl-test-'))
  const path = join(socketDir, 'awg0.sock')
  const server = await FakeUapiServer.listen(path, new FakeDevice('awg0'), 'amneziawg-go')
  const wg = await open({ dialect: 'amneziawg', backends: ['userspace'], socketDir })
  onTestFinished(async () => {
    await wg.close()
    await server[Symbol.asyncDispose]()
    await rm(socketDir, { recursive: true })
  })
  return { wg, server }
}

it('makes a device what is given, by the differences alone', async () => {
  const { wg, server } = await client()
  const peers = [{ publicKey: PEER, persistentKeepaliveRange: '15-30' }]
  const amnezia = { jc: 4, h1: '100-199', i1: '<r 5>', headerProtectionKey: Buffer.alloc(32, 9) }
  await wg.sync('awg0', { amnezia, peers })
  expect(await wg.sync('awg0', { amnezia, peers })).toEqual([])
  await wg.sync('awg0', { amnezia: { ...amnezia, jc: 5, i1: undefined }, peers })
  const sets = server.requests.filter((request) => request.startsWith('set=1'))
  expect(sets.at(-1)).toBe('set=1\njc=5\ni1=')
  const device = await wg.device('awg0', { secrets: false })
  expect(device.amnezia).toMatchObject({ jc: 5, h1: '100-199' })
  expect(device.amnezia).not.toHaveProperty('headerProtectionKey')
  expect(device.peers).toMatchObject([{ persistentKeepaliveRange: '15-30' }])
})

it('gives each who reads along a key of his own', async () => {
  const { wg } = await client()
  await wg.configure('awg0', { amnezia: { headerProtectionKey: Buffer.alloc(32, 9) } })
  const one = await wg.device('awg0', { maxAge: 60_000 })
  const other = await wg.device('awg0', { maxAge: 60_000 })
  one.amnezia?.headerProtectionKey?.wipe()
  expect(other.amnezia?.headerProtectionKey?.toBytes()).toEqual(new Uint8Array(32).fill(9))
})

it('does not listen for initiations of any length', async () => {
  const { wg } = await client()
  await wg.configure('awg0', { amnezia: { randomTrailers: true } })
  const handshakes = wg.handshakes('awg0')
  await expect(handshakes.next()).rejects.toMatchObject({
    code: 'EUNSUPPORTED',
    feature: 'handshakes',
  })
})
