import { type Device, formatPublicKey } from '@wgctrl/types'
import { afterEach, describe, expect, it } from 'vitest'
import type { LiveDevices } from '../../packages/wireguard/src/client/live-devices.js'
import type { WatchEvent } from '../../packages/wireguard/src/watch/events.js'
import type { Watcher } from '../../packages/wireguard/src/watch/watcher.js'
import { ip } from '../contract/harnesses/isolation.js'
import { raiseThreadLimits } from '../kernel/thread-limits.js'
import { memory } from './memory.js'
import { isEmulated, isKernel, sizes } from './sizes.js'
import { liveDevices, Stage } from './stage.js'

/** How many peers change in a second. */
const PER_SECOND = 100

let stage: Stage
let restoreLimits = () => {}
let live: LiveDevices
/** Looks that began, and the processor's time when the last did. */
let looks: { count: number; since: NodeJS.CpuUsage }

const numbered = (number: number, fill: number): Uint8Array => {
  const bytes = new Uint8Array(32).fill(fill)
  new DataView(bytes.buffer).setUint32(0, number)
  return bytes
}
const keyOf = (index: number): string => formatPublicKey(numbered(index, 3))
const secretOf = (number: number): Uint8Array => numbered(number, 4)

/** Milliseconds of a processor that this process took, with what the kernel did for it. */
const spent = (since: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(since)
  return (user + system) / 1000
}

const median = (values: readonly number[]): number =>
  [...values].sort((one, other) => one - other)[values.length >> 1] as number

/** An emulated kernel takes two minutes for 100,000 peers. */
const patient = { timeout: 600_000 }

/** A device with so many peers, which is off: wireguard-go starts nothing for them. */
async function openWith(peers: number): Promise<void> {
  stage = await Stage.open()
  if (isKernel) restoreLimits = raiseThreadLimits(peers)
  looks = { count: 0, since: process.cpuUsage() }
  live = liveDevices(stage.backend, {
    device(name, options): Promise<Device> {
      looks = { count: looks.count + 1, since: process.cpuUsage() }
      return stage.backend.device(name, { ...options, ...patient })
    },
  })
  const configs = Array.from({ length: peers }, (_, index) => ({
    publicKey: keyOf(index),
    presharedKey: secretOf(0),
    allowedIPs: [`10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}/32`],
  }))
  await ip('link', 'set', stage.device, 'down')
  await stage.backend.configure(stage.device, { peers: configs }, patient)
}

/**
 * Another program's write: the watchers are not told of it. A keepalive would have wireguard-go call for
 * each of the peers, without end.
 */
function change(keys: readonly string[], secret: number): Promise<void> {
  const presharedKey = secretOf(secret)
  const peers = keys.map((publicKey) => ({ publicKey, updateOnly: true, presharedKey }))
  return stage.backend.configure(stage.device, { peers }, patient)
}

/** The next events. */
async function take(watcher: Watcher, count: number): Promise<WatchEvent[]> {
  const told: WatchEvent[] = []
  while (told.length < count) {
    const { value } = await watcher.next()
    if (!value) throw new Error(`the watcher ended after ${told.length} of ${count} events`)
    told.push(value)
  }
  return told
}

/** Holds the events against what was changed: one for each peer, of nothing else. */
function expectChanged(told: readonly WatchEvent[], changed: readonly string[]): void {
  for (const event of told) {
    expect(event).toMatchObject({ type: 'peer-changed', fields: ['presharedKey'] })
  }
  const keys = told.flatMap((event) => ('publicKey' in event ? event.publicKey : []))
  expect(keys.sort()).toEqual([...changed].sort())
}

/** Waits until the first look is over: what is there is no news. */
async function firstLook(watcher: Watcher): Promise<void> {
  const first = take(watcher, 1)
  while (looks.count === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  // The device's calls are carried out in order: this one is behind the look.
  await change([keyOf(0)], 9)
  expectChanged(await first, [keyOf(0)])
}

afterEach(async () => {
  await live.close()
  await stage[Symbol.asyncDispose]()
  restoreLimits()
})

describe('watch on real devices with many peers', () => {
  it(`tells each change of ${sizes.watchedPeers} peers once, for little more than a reading`, async () => {
    await openWith(sizes.watchedPeers)
    const start = performance.now()
    await stage.backend.device(stage.device, patient)
    // Time for a write and a reading between two looks.
    const interval = Math.max(1000, 3 * (performance.now() - start))
    // An emulated second is a good many of ours: a look is one.
    const seconds = isEmulated ? 1 : interval / 1000
    const batch = Math.round(PER_SECOND * seconds)
    const watcher = live.watch(stage.device, { interval })
    await firstLook(watcher)
    const looking: number[] = []
    const reading: number[] = []
    for (let round = 0; round < sizes.looks; round++) {
      const changed = Array.from({ length: batch }, (_, index) =>
        keyOf((round * batch + index) % sizes.watchedPeers),
      )
      await change(changed, 10 + round)
      const told = await take(watcher, batch)
      looking.push(spent(looks.since))
      expectChanged(told, changed)
      const since = process.cpuUsage()
      await stage.backend.device(stage.device, patient)
      reading.push(spent(since))
    }
    const [look, read] = [median(looking), median(reading)]
    const words = `a reading took ${read.toFixed(0)} ms of the processor, a look ${look.toFixed(0)}`
    console.log(`${words}: ${(look / read).toFixed(2)} (a look each ${interval.toFixed(0)} ms)`)
    expect(watcher.pending).toBe(0)
    expect(look / read).toBeLessThanOrEqual(sizes.lookCost)
  })

  it(`does not grow over ${sizes.ticks} looks at ${sizes.tickedPeers} peers`, async () => {
    const { ticks, tickedPeers, perTick } = sizes
    await openWith(tickedPeers)
    const watcher = live.watch(stage.device, { interval: 5 })
    await firstLook(watcher)
    const held: number[] = []
    for (let tick = 0; tick <= ticks; tick++) {
      const changed = Array.from({ length: perTick }, (_, index) =>
        keyOf((tick * perTick + index) % tickedPeers),
      )
      await change(changed, 10 + tick)
      expectChanged(await take(watcher, perTick), changed)
      if (tick % (ticks / 4) === 0) held.push(await memory())
    }
    console.log(`held: ${held.map((bytes) => (bytes / 1e6).toFixed(2)).join(', ')} MB`)
    expect(looks.count).toBeGreaterThan(ticks)
    const [, early = 0] = held
    expect((held.at(-1) as number) - early).toBeLessThan(1 << 20)
  })
})
