import { readFile } from 'node:fs/promises'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { generatePrivateKey, publicKey } from '@wgctrl/types'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { open } from 'wgctrl'
import { eventually } from './hearing.js'
import { isKernel } from './sizes.js'
import { type Client, PORT, Stage } from './stage.js'

let stage: Stage

beforeEach(async () => {
  stage = await Stage.open()
})

afterEach(async () => {
  await stage[Symbol.asyncDispose]()
})

/** Sockets that read packets, in this namespace. */
async function packetSockets(): Promise<string[]> {
  const [, ...sockets] = (await readFile('/proc/self/net/packet', 'utf8')).trim().split('\n')
  return sockets
}

const openHere = () => open({ backends: [isKernel ? 'linux-kernel' : 'userspace'] })

/** The client learns that the gateway has another key. */
async function meet(client: Client, key: string): Promise<void> {
  await client.backend.configure(client.device, {
    replacePeers: true,
    peers: [
      {
        publicKey: key,
        endpoint: `10.9.${client.index}.1:${PORT}`,
        allowedIPs: ['10.8.0.0/16'],
      },
    ],
  })
}

describe('a gateway that begins', () => {
  it('ends when it is aborted, at whatever moment, and nothing of it goes on', async () => {
    const [client] = (await stage.addClients(1)) as [Client]
    await using wg = await openHere()
    const asked: string[] = []
    const lookup = (key: string): undefined => void asked.push(key)
    let moments = 0
    for (let turns = 0, isBegun = false; !isBegun; turns++, moments++) {
      const abort = new AbortController()
      const beginning = wg.justInTime(stage.device, { lookup, signal: abort.signal }).then(
        (gate) => ({ gate, error: undefined }),
        (error: unknown) => ({ gate: undefined, error }),
      )
      void beginning.then(({ gate }) => {
        isBegun ||= gate !== undefined
      })
      for (let turn = 0; turn < turns; turn++) await nextTurn()
      abort.abort('enough')
      const { gate, error } = await beginning
      if (gate) await gate.finished
      else expect(error).toMatchObject({ name: 'AbortError', cause: 'enough' })
      expect(await packetSockets()).toEqual([])
    }
    expect(moments).toBeGreaterThan(3)
    await client.ping(1)
    expect(asked).toEqual([])
  })
})

describe('a device that gets another key', () => {
  it.each(['the same client', 'another program'])(
    'by %s: the next initiation is read with it',
    async (whose) => {
      const clients = await stage.addClients(2)
      await using wg = await openHere()
      const asked: string[] = []
      // So rare are its own looks at the device that none comes meanwhile.
      const interval = 3_600_000
      await using gate = await wg.justInTime(stage.device, {
        interval,
        lookup: (key) => {
          asked.push(key)
          return stage.peerOf(key)
        },
      })
      for (const [index, client] of clients.entries()) {
        const privateKey = generatePrivateKey()
        const device = whose === 'the same client' ? wg : stage.backend
        await device.configure(stage.device, { privateKey })
        await meet(client, publicKey(privateKey))
        expect(await client.ping(60)).toBeDefined()
        await vi.waitFor(() => expect(gate.counters.installed).toBe(index + 1), eventually)
        expect(asked).toHaveLength(index + 1)
        const { received, delivered, badMac, noKey } = gate.handshakeCounters
        expect([received, badMac, noKey]).toEqual([delivered, 0, 0])
      }
    },
  )
})
