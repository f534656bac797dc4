import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { publicKey } from '@wgctrl/types'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { stampMac1 } from '../../packages/wireguard/src/handshakes/testing/seal.js'
import { eventually } from './hearing.js'
import { memory } from './memory.js'
import { sizes } from './sizes.js'
import { type Client, PORT, Stage } from './stage.js'

const { perSecond: PER_SECOND, seconds: SECONDS } = sizes.flood
const flood = fileURLToPath(new URL('flood.mjs', import.meta.url))

/**
 * How long this thread was ready to run and another had the processor, in milliseconds since its start.
 * @source Documentation/scheduler/sched-stats.rst
 */
function crowdedOut(): number {
  const [, nanoseconds] = readFileSync('/proc/thread-self/schedstat', 'latin1').split(' ')
  return Number(nanoseconds) / 1e6
}

/**
 * By how much timers of a millisecond are late while something runs, in milliseconds: the 99th
 * percentile. The time that other processes took is left out: it is the machine's, not the event loop's.
 */
async function delayDuring(body: () => Promise<unknown>): Promise<number> {
  const delays: number[] = []
  let isOver = false
  const sampling = (async () => {
    while (!isOver) {
      const [start, crowded] = [performance.now(), crowdedOut()]
      await new Promise((resolve) => setTimeout(resolve, 1))
      delays.push(performance.now() - start - 1 - (crowdedOut() - crowded))
    }
  })()
  await body()
  isOver = true
  await sampling
  return delays.sort((one, other) => one - other)[Math.floor(delays.length * 0.99)] as number
}

interface Sent {
  readonly sent: number
  readonly failed: number
}

const arrived = ({ sent, failed }: Sent): number => sent - failed

/** Forged messages: half have no right mac1, half have one but nobody's key. */
function forgeries(gateway: string): string[] {
  const forged = Array.from({ length: 32 }, (_, index) => {
    const body = Buffer.concat([Buffer.from([1, 0, 0, 0]), randomBytes(112)])
    return index % 2 === 0 ? stampMac1(body, gateway) : Buffer.concat([body, randomBytes(32)])
  })
  return forged.map((message) => message.toString('hex'))
}

let stage: Stage

afterEach(async () => {
  await stage[Symbol.asyncDispose]()
})

describe('a gateway under a flood', () => {
  it(`still answers a true client, with ${PER_SECOND} forgeries a second`, async () => {
    stage = await Stage.open()
    await stage.addClients(3)
    const [attacker, warmUp, client] = stage.clients as [Client, Client, Client]
    const forged = forgeries(publicKey(stage.privateKey))
    const floodFor = async (seconds: number): Promise<Sent> => {
      const args = [flood, '10.9.0.1', PORT, PER_SECOND, seconds, ...forged].map(String)
      return JSON.parse(await attacker.exec(process.execPath, ...args))
    }
    // What the flood does to this machine while nobody here listens.
    const unheard = await delayDuring(() => floodFor(SECONDS))

    const start = performance.now()
    let lookups = 0
    await using gate = await stage.live.justInTime(stage.device, {
      lookup: (key) => {
        lookups++
        return stage.peerOf(key)
      },
    })
    expect(await warmUp.ping(sizes.soonInFlood / 1000)).toBeLessThan(sizes.soonInFlood)
    // What is made once, and code that is compiled, is there before it is measured.
    const warmedUp = await floodFor(2)
    const before = await memory()
    let sent: Sent = { sent: 0, failed: 0 }
    let answered: number | undefined
    const heard = await delayDuring(async () => {
      const flooding = floodFor(SECONDS)
      // In the thick of it.
      await new Promise((resolve) => setTimeout(resolve, (SECONDS * 1000) / 3))
      answered = await client.ping(sizes.soonInFlood / 1000)
      sent = await flooding
    })
    const seen = (): number => {
      const { received, overrun } = gate.handshakeCounters
      return received + overrun
    }
    // One processor may have done the sending first.
    await vi.waitFor(
      () => expect(seen()).toBeGreaterThan((arrived(warmedUp) + arrived(sent)) * 0.9),
      eventually,
    )
    const growth = (await memory()) - before
    const counters = gate.handshakeCounters
    console.log({ sent, answered, unheard, heard, growth, counters, lookups })

    expect(answered).toBeLessThan(sizes.soonInFlood)
    expect(lookups).toBe(2)
    expect(arrived(sent)).toBeGreaterThan(PER_SECOND * SECONDS * 0.95)
    expect(counters.badMac).toBeGreaterThan(0)
    // What one source is allowed: 20 a second, 5 at once.
    const allowed = ((performance.now() - start) / 1000) * 20 + 5
    expect(counters.undecryptable).toBeLessThanOrEqual(allowed)
    // Who is slow to be answered tries again.
    const { known, merged } = gate.counters
    expect(counters.delivered - known - merged).toBe(2)
    expect(growth).toBeLessThan(8 << 20)
    expect(heard).toBeLessThan(sizes.lateness)
  })
})
