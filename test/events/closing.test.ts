import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, it, vi } from 'vitest'
import { open } from 'wgctrl'
import { peerKey } from '../contract/samples.js'
import { eventually } from './hearing.js'
import { Stage } from './stage.js'

let stage: Stage

afterEach(() => stage[Symbol.asyncDispose]())

/** Peers that were not heard from for so long are removed. */
const IDLE = 1500
const gatewayOptions = { lookup: () => undefined, interval: 100, idle: IDLE }

it('a gateway, a listener, a watch and a stream end with their client, and no peer is removed after it', async () => {
  stage = await Stage.open()
  const { backend, device } = stage
  const peers = Array.from({ length: 500 }, (_, at) => ({ publicKey: peerKey(at) }))
  await backend.configure(device, { peers })
  const wg = await open()
  const listener = wg.handshakes(device)
  const heard = listener.next()
  const watcher = wg.watch(device, { initial: true })
  await watcher.next()
  const stream = wg.peers(device)
  await stream.next()
  const gateway = await wg.justInTime(device, gatewayOptions)
  await wg.close()
  await gateway.finished
  expect(await heard).toMatchObject({ done: true })
  await expect(stream.next()).rejects.toMatchObject({ code: 'ECLOSED', device })
  // The stream has let go of the device: another one changes it at once.
  await backend.configure(device, { peers: peers.slice(0, 250) })
  const { length } = await stage.present()
  await sleep(2 * IDLE)
  expect(await stage.present()).toHaveLength(length)
  await wg.close()

  await using another = await open()
  await another.justInTime(device, gatewayOptions)
  await vi.waitFor(async () => expect(await stage.present()).toEqual([]), eventually)
})
