import { readFileSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { generatePrivateKey, open, type WireGuard } from 'wgctrl'
import { wgctrl } from '../../cli/program.js'
import { uniqueName } from '../../contract/harness.js'
import { peerKey } from '../../contract/samples.js'
import {
  leaveThreads,
  raiseThreadLimits,
  threads,
  threadsLeft,
  threadsOf,
} from '../thread-limits.js'

// In the network namespace that /sys shows: of another the doctor cannot tell.

const PEERS = 20_000

let wg: WireGuard
let name: string
let restore: () => void

beforeEach(async () => {
  restore = raiseThreadLimits(PEERS)
  wg = await open({ backends: ['linux-kernel'] })
  name = uniqueName()
  await wg.create(name)
})

afterEach(async () => {
  await wg.delete(name, { timeout: 900_000 })
  await wg.close()
  restore()
})

const add = (from: number, to: number): Promise<void> => {
  const keys = Array.from({ length: to - from }, (_, index) => peerKey(from + index))
  return wg.configure(
    name,
    { peers: keys.map((publicKey) => ({ publicKey })) },
    { timeout: 900_000 },
  )
}

async function finding(): Promise<{ verdict: string; text: string; advice?: string }> {
  const { out } = await wgctrl('doctor', '--json')
  const { findings } = JSON.parse(out) as { findings: { id: string }[] }
  return findings.find(({ id }) => id === 'peer-threads') as never
}

const numberBefore = (words: string, text: string): number =>
  Number(new RegExp(`(\\d+) ${words}`).exec(text)?.[1])

it('20,000 peers come, are read and go, and the doctor tells what threads they take', async () => {
  const before = threads()
  await add(0, PEERS)
  expect((await wg.device(name, { timeout: 900_000 })).peers).toHaveLength(PEERS)
  const taken = threadsOf(name)
  console.log(`${taken} threads for ${PEERS} peers, of ${threads()}, before ${before}`)
  const { text } = await finding()
  if (taken === 0) {
    expect(text).toBe('the kernel has no threads for single peers')
  } else {
    expect(taken).toBe(PEERS)
    expect(text).toContain(`a thread for each peer of ${name}: ${PEERS} of all `)
    // The command has some of its own while it looks.
    expect(Math.abs(numberBefore('more fit', text) - threadsLeft())).toBeLessThan(100)
  }
  await wg.configure(name, { replacePeers: true }, { timeout: 900_000 })
  expect(threadsOf(name)).toBe(0)
  expect((await wg.device(name)).peers).toEqual([])
})

it('so many fit as is said, and what is advised makes room', async () => {
  await add(0, 1500)
  const taken = threadsOf(name)
  if (taken === 0) {
    expect((await finding()).verdict).toBe('ok')
    return
  }
  leaveThreads(400)
  const { verdict, text, advice = '' } = await finding()
  expect(verdict).toBe('note')
  expect(Math.abs(numberBefore('more fit', text) - 400)).toBeLessThan(100)
  await add(1500, 1700)
  expect(threadsOf(name)).toBe(1700)
  const settings = /sysctl -w ([^;]+);/.exec(advice)?.[1]?.split(' ') ?? []
  expect(settings).not.toEqual([])
  for (const setting of settings) {
    const [key = '', value = ''] = setting.split('=')
    writeFileSync(`/proc/sys/${key.replace('.', '/')}`, value)
  }
  expect(numberBefore('more fit', (await finding()).text)).toBeGreaterThan(1700)
})

it('threads that a device has are counted after it was refused one, when there is room again', async () => {
  const threaded = (): string => readFileSync(`/sys/class/net/${name}/threaded`, 'utf8').trim()
  if (threaded() === '0') {
    expect((await finding()).text).toBe('the kernel has no threads for single peers')
    return
  }
  leaveThreads(100)
  await add(0, 300)
  restore()
  const taken = threadsOf(name)
  expect(taken).toBeGreaterThan(0)
  expect(taken).toBeLessThan(300)
  expect(threaded()).toBe('0')
  const { verdict, text } = await finding()
  expect(verdict).toBe('ok')
  expect(text).toContain(`threads for peers of ${name}: ${taken} of all `)
  // As is advised where few fit, and is said of the version alone on which it was seen.
  writeFileSync(`/sys/class/net/${name}/threaded`, '0')
  console.log(`0 written over 0 leaves ${threadsOf(name)} of ${taken} threads`)
})

it('peers just in time warn of a bound that is too high, in words with the one that is right', async () => {
  await wg.configure(name, { privateKey: generatePrivateKey(), listenPort: 51_820 })
  await add(0, 100)
  leaveThreads(1000)
  const events: { type: string; message?: string }[] = []
  const gateway = async (maxPeers: number): Promise<void> => {
    const onEvent = (event: { type: string }): void => void events.push(event)
    await using _ = await wg.justInTime(name, { lookup: () => null, maxPeers, onEvent })
  }
  await gateway(500)
  expect(events).toEqual([])
  await gateway(100_000)
  if (threadsOf(name) === 0) {
    expect(events).toEqual([])
    return
  }
  expect(events).toMatchObject([{ type: 'warning', code: 'ETHREADS' }])
  expect(Math.abs(numberBefore('fit', events[0]?.message ?? '') - 1100)).toBeLessThan(100)
})
