import { afterEach, describe, expect, it } from 'vitest'
import { pingAll } from './arrivals.js'
import { sizes } from './sizes.js'
import { type Client, Stage } from './stage.js'

const { atOnce: AT_ONCE, soon: SOON } = sizes

let stage: Stage

afterEach(async () => {
  await stage[Symbol.asyncDispose]()
})

describe('a gateway', () => {
  it('makes clients wait for their own retry when it does not initiate back', async () => {
    stage = await Stage.open()
    await stage.addClients(sizes.compared)
    const lookup = (key: string) => stage.peerOf(key)
    const measure = async (initiate: boolean): Promise<number[]> => {
      await using _ = await stage.live.justInTime(stage.device, { lookup, initiate })
      const times = await pingAll(stage.clients, AT_ONCE, 60)
      return times.map((time) => time ?? Number.POSITIVE_INFINITY)
    }
    const waiting = await measure(false)
    await stage.backend.configure(stage.device, { replacePeers: true })
    stage.live.invalidate(stage.device)
    for (const client of stage.clients) await client.forgetSession()
    const answered = await measure(true)
    console.log(`without initiating back: ${waiting.join(', ')} ms`)
    console.log(`with: ${answered.join(', ')} ms`)
    expect(Math.min(...waiting)).toBeGreaterThan(4000)
    expect(Math.max(...answered)).toBeLessThan(SOON)
    expect(Math.min(...answered)).toBeLessThan(Math.min(...waiting))
  })

  it('finds its peers after a restart, and lets those go that are idle and not pinned', async () => {
    stage = await Stage.open()
    await stage.addClients(3)
    const [, lively, pinned] = stage.clients as [Client, Client, Client]
    let lookups = 0
    const lookup = (key: string) => {
      lookups++
      return stage.peerOf(key)
    }
    const before = await stage.live.justInTime(stage.device, { lookup })
    for (const client of stage.clients) expect(await client.ping(60)).toBeLessThan(SOON)
    await before.close()

    const options = { lookup, idle: sizes.idle, pinned: [pinned.publicKey] }
    await using gate = await stage.live.justInTime(stage.device, options)
    for (let tries = 0; tries < 120 && gate.counters.evictedIdle === 0; tries++) {
      expect(await lively.ping(60)).toBeDefined()
      await new Promise((resolve) => setTimeout(resolve, 500))
    }
    expect((await stage.present()).sort()).toEqual([lively.publicKey, pinned.publicKey].sort())
    expect(gate.counters.evictedIdle).toBe(1)
    expect(lookups).toBe(3)
  })
})
