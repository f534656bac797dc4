import { generatePrivateKey, publicKey } from '@wgctrl/types'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { sealInitiation, stampMac1 } from '../../packages/wireguard/src/handshakes/testing/seal.js'
import { eventually, hearInitiations, peerOf, send } from './hearing.js'
import { type Client, Stage } from './stage.js'

let stage: Stage
let gateway: string

beforeEach(async () => {
  stage = await Stage.open()
  gateway = publicKey(stage.privateKey)
})

afterEach(async () => {
  await stage.live.close()
  await stage[Symbol.asyncDispose]()
})

describe('handshakes of real devices', () => {
  it('tells who wants to connect, from where, when, and whether the device knows them', async () => {
    const [client] = (await stage.addClients(1)) as [Client]
    const handshakes = stage.live.handshakes(stage.device, { interval: 50 })
    const heard = await hearInitiations(handshakes)
    const before = Date.now()
    await client.ping(1)
    // A client that waits for long tries again, every five seconds.
    await vi.waitFor(() => expect(heard).not.toEqual([]), eventually)
    const { port } = heard[0]?.endpoint ?? {}
    expect(heard[0]).toMatchObject({
      publicKey: client.publicKey,
      endpoint: { address: client.outerAddress, family: 4 },
      known: false,
    })
    expect(port).toBe((await client.backend.device(client.device)).listenPort)
    // Both kinds of device make their timestamps coarse, by 2^24 nanoseconds.
    const sent = heard[0]?.timestamp.getTime()
    expect(sent).toBeGreaterThanOrEqual(before - 17)
    expect(sent).toBeLessThanOrEqual(Date.now())

    await stage.backend.configure(stage.device, { peers: [peerOf(stage, client)] })
    // It is known from the next look at the device.
    await vi.waitFor(async () => {
      await client.forgetSession(6)
      expect(await client.ping(5)).toBeDefined()
      expect(heard.at(-1)).toMatchObject({
        publicKey: client.publicKey,
        endpoint: { address: client.outerAddress6, port, family: 6 },
        known: true,
      })
    }, eventually)
    await vi.waitFor(() => {
      const { received, delivered } = handshakes.counters
      expect([received, heard.length]).toEqual([delivered, delivered])
    }, eventually)
    await handshakes.return()
  })
})

describe('a gateway that is lied to', () => {
  it('looks nobody up for what is forged, truncated or replayed', async () => {
    const asked: string[] = []
    await using gate = await stage.live.justInTime(stage.device, {
      lookup: (key) => void asked.push(key),
      negativeTtl: 0,
    })
    const [first, second] = [generatePrivateKey(), generatePrivateKey()]
    const now = Date.now()
    const good = sealInitiation(first, gateway, new Date(now))
    const withoutMac1 = Buffer.from(good).fill(0, 116)
    const forged = stampMac1(Buffer.from(good).fill(9, 60, 70).subarray(0, 116), gateway)
    const older = sealInitiation(first, gateway, new Date(now - 1000))
    const toAnother = sealInitiation(second, publicKey(generatePrivateKey()))
    const truncated = sealInitiation(second, gateway).subarray(0, 147)
    const longer = Buffer.concat([sealInitiation(second, gateway), Buffer.of(0)])
    await send([good, good, older, forged, withoutMac1, toAnother, truncated, longer])
    const counted = { received: 6, delivered: 1, replayed: 2, undecryptable: 1, badMac: 2 }
    await vi.waitFor(() => expect(gate.handshakeCounters).toMatchObject(counted), eventually)
    await vi.waitFor(() => expect(asked).toEqual([publicKey(first)]), eventually)
  })
})
