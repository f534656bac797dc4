import { rename } from 'node:fs/promises'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { JustInTimeEvent } from '../../packages/wireguard/src/just-in-time/options.js'
import { eventually } from '../events/hearing.js'
import { type Client, Stage } from '../events/stage.js'

let stage: Stage

beforeEach(async () => {
  stage = await Stage.open()
})

afterEach(async () => {
  await stage[Symbol.asyncDispose]()
})

it('a gateway whose device is out of reach while it lets one in: no more than maxPeers, ever', async () => {
  const [first, lost, third] = (await stage.addClients(3)) as [Client, Client, Client]
  const socket = `/var/run/wireguard/${stage.device}.sock`
  const events: JustInTimeEvent[] = []
  const failedInstall = () => events.find((e) => e.type === 'failed' && e.operation === 'install')
  await using gate = await stage.live.justInTime(stage.device, {
    maxPeers: 1,
    lookup: async (key) => {
      if (key === lost.publicKey && !failedInstall()) await rename(socket, `${socket}-away`)
      return stage.peerOf(key)
    },
    onEvent: (event) => void events.push(event),
  })
  expect(await first.ping(60)).toBeDefined()
  await lost.ping(1)
  await vi.waitFor(() => expect(failedInstall()).toBeDefined(), eventually)
  // It would come again by itself.
  await lost.backend.configure(lost.device, { replacePeers: true })
  await rename(`${socket}-away`, socket)
  // Who had to make room for the one that did not come in is there, and known to be.
  expect([gate.size, await stage.present()]).toEqual([1, [first.publicKey]])
  await third.forgetSession()
  await vi.waitFor(async () => {
    await third.ping(1)
    expect(await stage.present()).toContain(third.publicKey)
  }, eventually)
  expect(gate.counters.installsFailed).toBeGreaterThan(0)
  expect([gate.size, stage.mostPeers, (await stage.present()).length]).toEqual([1, 1, 1])
})
