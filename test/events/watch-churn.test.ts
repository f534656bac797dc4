import { readdirSync } from 'node:fs'
import { generatePrivateKey, publicKey } from '@wgctrl/types'
import { afterEach, expect, it, vi } from 'vitest'
import { eventually, hearEvents, presentBy } from './hearing.js'
import { sizes } from './sizes.js'
import { Stage } from './stage.js'

let stage: Stage

afterEach(async () => {
  await stage.live.close()
  await stage[Symbol.asyncDispose]()
})

/** What this process holds: handles of the event loop, and descriptors. */
const holdings = (): [number, number] => [
  process.getActiveResourcesInfo().length,
  readdirSync('/proc/self/fd').length,
]

it('misses nothing while devices come and go, and leaves nothing behind', async () => {
  stage = await Stage.open()
  const heard = await hearEvents(stage)
  const held = holdings()
  const isTold = (device: string): void =>
    expect(heard).toContainEqual(expect.objectContaining({ type: 'device-added', device }))
  for (let round = 0; round < sizes.devices; round++) {
    const name = `wgcome${round % 3}`
    await stage.backend.create?.(name)
    await stage.backend.configure(name, {
      privateKey: generatePrivateKey(),
      peers: [{ publicKey: publicKey(generatePrivateKey()) }],
    })
    if (round % 4 === 3) await vi.waitFor(() => isTold(name), eventually)
    await stage.backend.delete?.(name)
  }
  const stays = publicKey(generatePrivateKey())
  await stage.backend.create?.('wgstay')
  await stage.backend.configure('wgstay', { peers: [{ publicKey: stays }] })
  await vi.waitFor(async () => {
    const { devices, peers } = presentBy(heard)
    expect(devices).toEqual(await stage.backend.list())
    expect(peers).toContain(stays)
  }, eventually)
  await stage.backend.delete?.('wgstay')
  await vi.waitFor(() => {
    expect(presentBy(heard).devices).toEqual([stage.device])
  }, eventually)
  expect(heard.filter((event) => event.type === 'device-failed')).toEqual([])
  await vi.waitFor(() => {
    const [handles, descriptors] = holdings()
    expect(handles).toBeLessThanOrEqual(held[0] + 5)
    expect(descriptors).toBeLessThanOrEqual(held[1] + 5)
  }, eventually)
})
