import { generatePrivateKey, publicKey } from '@wgctrl/types'
import { MemoryBackend } from '@wgctrl/types/testing'
import { expect, it, onTestFinished } from 'vitest'
import { open } from '../index.js'

const ALICE = publicKey(generatePrivateKey())
const soon = { timeout: 30 }

async function client() {
  const backend = new MemoryBackend()
  await backend.create('wg0')
  await backend.configure('wg0', { peers: [{ publicKey: ALICE }] })
  const wg = await open({ backends: [backend] })
  onTestFinished(() => wg.close())
  const shake = (lastHandshake: Date) =>
    backend.devices.get('wg0')?.pretend(ALICE, { lastHandshake })
  return { wg, shake, backend }
}

it('waits for the first handshake', async () => {
  const { wg, shake } = await client()
  const waiting = wg.waitForHandshake('wg0', ALICE)
  const at = new Date()
  setTimeout(() => shake(at), 20)
  expect((await waiting).lastHandshake).toEqual(at)
})

it('takes a session that there is, unless a newer one is asked for', async () => {
  const { wg, shake } = await client()
  const late = expect.objectContaining({ code: 'ETIMEDOUT' })
  shake(new Date(Date.now() - 181_000))
  await expect(wg.waitForHandshake('wg0', ALICE, soon)).rejects.toEqual(late)
  const at = new Date(Date.now() - 120_000)
  shake(at)
  expect((await wg.waitForHandshake('wg0', ALICE)).publicKey).toBe(ALICE)
  await expect(wg.waitForHandshake('wg0', ALICE, { ...soon, after: at })).rejects.toEqual(late)
})

it('says what it waited for', async () => {
  const { wg } = await client()
  await expect(wg.waitForHandshake('wg0', ALICE, soon)).rejects.toMatchObject({
    code: 'ETIMEDOUT',
    operation: 'waitForHandshake',
    device: 'wg0',
    message: expect.stringContaining(`no handshake with ${ALICE}`),
  })
})

it('says so also when the time is up while it looks once more', async () => {
  const { wg, backend } = await client()
  const { device } = backend
  let looks = 0
  backend.device = async (name, options) => {
    if (++looks > 1)
      await new Promise((_, reject) => options?.signal?.addEventListener('abort', reject))
    return await device.call(backend, name, options)
  }
  const waiting = wg.waitForHandshake('wg0', ALICE, { timeout: 300 })
  await expect(waiting).rejects.toMatchObject({
    code: 'ETIMEDOUT',
    message: expect.stringContaining(`no handshake with ${ALICE}`),
  })
  expect(looks).toBe(2)
})

it('says why nothing may have been sent, and not of a peer that has a keepalive or cannot be reached', async () => {
  const { wg } = await client()
  const why = 'it has no persistentKeepalive'
  const message = async () =>
    (await wg.waitForHandshake('wg0', ALICE, soon).catch((error: Error) => error.message)) as string
  expect(await message()).not.toContain(why)
  await wg.configure('wg0', { peers: [{ publicKey: ALICE, endpoint: '127.0.0.1:51820' }] })
  expect(await message()).toContain(why)
  await wg.configure('wg0', { peers: [{ publicKey: ALICE, persistentKeepalive: 25 }] })
  expect(await message()).not.toContain(why)
})

it('ends when it is aborted, closed or cannot come', async () => {
  const { wg } = await client()
  const aborted = wg.waitForHandshake('wg0', ALICE, { signal: AbortSignal.timeout(10) })
  await expect(aborted).rejects.toMatchObject({ name: 'AbortError' })
  const nobody = wg.waitForHandshake('wg0', publicKey(generatePrivateKey()))
  await expect(nobody).rejects.toMatchObject({ code: 'EINVAL', path: 'publicKey' })
  await expect(wg.waitForHandshake('wg9', ALICE)).rejects.toMatchObject({ code: 'ENODEV' })
  const misspelled = wg.waitForHandshake('wg0', ALICE, { since: new Date() } as object)
  await expect(misspelled).rejects.toMatchObject({ path: 'options.since' })
  const closed = wg.waitForHandshake('wg0', ALICE)
  await wg.close()
  await expect(closed).rejects.toMatchObject({ code: 'ECLOSED' })
})
