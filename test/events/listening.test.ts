import { generatePrivateKey, publicKey } from '@wgctrl/types'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type {
  HandshakeOptions,
  Handshakes,
  Initiation,
} from '../../packages/wireguard/src/handshakes/handshakes.js'
import { sealInitiation } from '../../packages/wireguard/src/handshakes/testing/seal.js'
import { ip } from '../contract/harnesses/isolation.js'
import { eventually, hearInitiations, peerOf, send } from './hearing.js'
import { type Client, liveDevices, PORT, Stage } from './stage.js'

let stage: Stage
let gateway: string

beforeEach(async () => {
  stage = await Stage.open()
  gateway = publicKey(stage.privateKey)
})

afterEach(async () => {
  for (const handshakes of opened.splice(0)) await handshakes.return()
  await stage.live.close()
  await stage[Symbol.asyncDispose]()
})

const opened: Handshakes[] = []

/** Listens for the gateway's device, or another's, until the end of the test. */
async function listen(options: HandshakeOptions = {}, live = stage.live, device = stage.device) {
  const handshakes = live.handshakes(device, { interval: 50, ...options })
  opened.push(handshakes)
  return [handshakes, await hearInitiations(handshakes)] as const
}

const keysOf = (heard: readonly Initiation[]): (string | undefined)[] =>
  heard.map((initiation) => initiation.publicKey)

describe('who listens', () => {
  it('sees neither what the device sends nor fragments', async () => {
    const [client] = (await stage.addClients(1)) as [Client]
    await client.backend.configure(client.device, { listenPort: PORT })
    const [handshakes, heard] = await listen()
    const peer = { ...peerOf(stage, client, PORT), persistentKeepalive: 1 }
    await stage.backend.configure(stage.device, { peers: [peer] })
    await vi.waitFor(async () => {
      const [shaken] = (await stage.backend.device(stage.device)).peers
      expect(shaken?.lastHandshake).toBeDefined()
    }, eventually)
    expect(handshakes.counters.received).toBe(0)

    const privateKey = generatePrivateKey()
    await ip('link', 'set', 'lo', 'mtu', '100')
    await send([sealInitiation(generatePrivateKey(), gateway)])
    // IPv6 leaves a link that is below 1280, and returns when the link does.
    await ip('link', 'set', 'lo', 'down', 'mtu', '65536')
    await ip('link', 'set', 'lo', 'up')
    await send([sealInitiation(privateKey, gateway)])
    await vi.waitFor(() => expect(heard).toHaveLength(1), eventually)
    expect(heard[0]?.publicKey).toBe(publicKey(privateKey))
    expect(handshakes.counters.received).toBe(1)
  })

  it('follows the device to another port and another key', async () => {
    const key = generatePrivateKey()
    const [handshakes, heard] = await listen({ perSource: { perSecond: 1000, burst: 1000 } })
    await stage.backend.configure(stage.device, { listenPort: PORT + 1 })
    await vi.waitFor(async () => {
      await send([sealInitiation(key, gateway)], PORT + 1)
      expect(heard.length).toBeGreaterThan(0)
    }, eventually)
    const late = generatePrivateKey()
    await send([sealInitiation(late, gateway)], PORT)

    const other = generatePrivateKey()
    await stage.backend.configure(stage.device, { privateKey: other })
    const anew = generatePrivateKey()
    await vi.waitFor(async () => {
      await send([sealInitiation(anew, publicKey(other))], PORT + 1)
      expect(keysOf(heard)).toContain(publicKey(anew))
    }, eventually)
    const { badMac } = handshakes.counters
    await send([sealInitiation(key, gateway)], PORT + 1)
    await vi.waitFor(() => expect(handshakes.counters.badMac).toBe(badMac + 1), eventually)
    // What went to the old port came before packets that were heard.
    expect(handshakes.counters.malformed).toBe(0)
    expect(keysOf(heard)).not.toContain(publicKey(late))
  })

  it("listens where the device's socket is, in another namespace", async () => {
    const [client] = (await stage.addClients(1)) as [Client]
    const { backend, device, netns } = client
    await backend.configure(device, { listenPort: PORT })
    const live = liveDevices(backend)
    const [, heard] = await listen({ netns }, live, device)
    const [, here] = await listen()
    const peer = { ...peerOf(stage, client, PORT), persistentKeepalive: 1 }
    await stage.backend.configure(stage.device, { peers: [peer] })
    await vi.waitFor(() => expect(heard.length).toBeGreaterThan(0), eventually)
    expect(heard[0]).toMatchObject({
      publicKey: gateway,
      endpoint: { address: client.outerAddress.replace(/2$/, '1'), port: PORT },
      known: true,
    })
    expect(here).toEqual([])
    await live.close()
  })

  it('hears no more than its share of what comes from one source without a cookie', async () => {
    const start = performance.now()
    const [handshakes, heard] = await listen({ perSource: { perSecond: 1, burst: 5 } })
    const all = Array.from({ length: 60 }, () => sealInitiation(generatePrivateKey(), gateway))
    await send(all)
    await vi.waitFor(() => expect(handshakes.counters.received).toBe(60), eventually)
    const allowed = (performance.now() - start) / 1000 + 5
    await vi.waitFor(() => expect(heard).toHaveLength(handshakes.counters.delivered), eventually)
    expect(heard.length).toBeLessThanOrEqual(allowed)
    expect(handshakes.counters.sourceLimited).toBe(60 - heard.length)
  })
})
