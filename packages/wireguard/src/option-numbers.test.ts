import { WireGuardError } from '@wgctrl/types'
import { MemoryBackend } from '@wgctrl/types/testing'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { WireGuard } from './client.js'
import { open } from './index.js'
import {
  bringDown,
  bringUp,
  type InterfaceContext,
  reconcile,
  reresolve,
} from './interface/index.js'
import { Lookups } from './just-in-time/lookups.js'
import { EndpointResolver } from './resolve.js'

let wg: WireGuard

beforeEach(async () => {
  const backend = new MemoryBackend()
  await backend.create('wg0')
  wg = await open({ backends: [backend] })
})

/** Options are looked at first: nothing of it is needed. */
const context = { wg: {} } as InterfaceContext

const config = { name: 'wg9', addresses: [], peers: [] }

/** Every option that is a time: the call, the field, whether 0 means something. */
const TIMES: readonly [string, (value: number) => unknown, string, boolean?][] = [
  ['devices timeout', (timeout) => wg.devices({ timeout }), 'options.timeout'],
  ['names timeout', (timeout) => wg.names({ timeout }), 'options.timeout'],
  ['device timeout', (timeout) => wg.device('wg0', { timeout }), 'options.timeout'],
  ['device maxAge', (maxAge) => wg.device('wg0', { maxAge }), 'options.maxAge', true],
  ['peers timeout', (timeout) => wg.peers('wg0', { timeout }).next(), 'options.timeout'],
  ['configure timeout', (timeout) => wg.configure('wg0', {}, { timeout }), 'options.timeout'],
  ['create timeout', (timeout) => wg.create('wg9', { timeout }), 'options.timeout'],
  ['delete timeout', (timeout) => wg.delete('wg0', { timeout }), 'options.timeout'],
  ['sync timeout', (timeout) => wg.sync('wg0', {}, { timeout }), 'options.timeout'],
  ['up timeout', (timeout) => bringUp(context, config, { timeout }), 'options.timeout'],
  ['down timeout', (timeout) => bringDown(context, 'wg0', { timeout }), 'options.timeout'],
  ['reconcile timeout', (timeout) => reconcile(context, 'wg0', {}, { timeout }), 'options.timeout'],
  ['reresolve timeout', (timeout) => reresolve(context, 'wg0', {}, { timeout }), 'options.timeout'],
  [
    'reresolve olderThan',
    (olderThan) => reresolve(context, 'wg0', {}, { olderThan }),
    'options.olderThan',
    true,
  ],
  ['watch interval', (interval) => wg.watch('wg0', { interval }), 'options.interval'],
  ['handshakes interval', (interval) => wg.handshakes('wg0', { interval }), 'options.interval'],
  ...(['interval', 'idle', 'lookupTimeout', 'negativeTtl'] as const).map(
    (field): [string, (value: number) => unknown, string, boolean] => [
      `justInTime ${field}`,
      (value) => wg.justInTime('wg0', { lookup: () => null, [field]: value }),
      `options.${field}`,
      field === 'negativeTtl',
    ],
  ),
]

/** Every other option that is a number, or a rate. */
const COUNTS: readonly [string, (value: number) => unknown, string][] = [
  ...(['sources', 'keys', 'queue'] as const).map((field): (typeof COUNTS)[number] => [
    `handshakes ${field}`,
    (value) => wg.handshakes('wg0', { [field]: value }),
    `options.${field}`,
  ]),
  ...(['perSource', 'overall'] as const).flatMap((field): (typeof COUNTS)[number][] => [
    [
      `handshakes ${field}.perSecond`,
      (perSecond) => wg.handshakes('wg0', { [field]: { perSecond, burst: 1 } }),
      `options.${field}.perSecond`,
    ],
    [
      `handshakes ${field}.burst`,
      (burst) => wg.handshakes('wg0', { [field]: { perSecond: 1, burst } }),
      `options.${field}.burst`,
    ],
  ]),
  ...(['maxPeers', 'maxLookups', 'negativeSize'] as const).map((field): (typeof COUNTS)[number] => [
    `justInTime ${field}`,
    (value) => wg.justInTime('wg0', { lookup: () => null, [field]: value }),
    `options.${field}`,
  ]),
  ['resolve retries', (retries) => new EndpointResolver({ retries }), 'options.resolve.retries'],
]

const refusalOf = async (call: () => unknown): Promise<unknown> => {
  try {
    return await call()
  } catch (error) {
    return error
  }
}

const WRONG_TYPES: readonly unknown[] = ['1000', true, {}, [5], 5n, null]

describe('options that are numbers', () => {
  it.each([...TIMES, ...COUNTS])('%s is checked', async (_, call, path) => {
    for (const value of [Number.NaN, -1, Number.NEGATIVE_INFINITY]) {
      const error = await refusalOf(() => call(value))
      expect(error).toBeInstanceOf(RangeError)
      expect(error).toBeInstanceOf(WireGuardError)
      expect(error).toMatchObject({ code: 'EINVAL', path })
    }
    for (const value of WRONG_TYPES) {
      const error = await refusalOf(() => call(value as number))
      expect(error).toBeInstanceOf(TypeError)
      expect(error).toMatchObject({ code: 'EINVAL', path })
    }
  })

  it.each(TIMES.filter(([, , , zero]) => !zero))('%s is not 0', async (_, call, path) => {
    expect(await refusalOf(() => call(0))).toMatchObject({ code: 'EINVAL', path })
  })

  it.each<[object, string]>([
    [{}, 'perSecond'],
    [{ burst: 1 }, 'perSecond'],
    [{ perSecond: 1 }, 'burst'],
  ])('a rate needs both of its fields: %o', (rate, field) => {
    for (const name of ['perSource', 'overall']) {
      const listen = () => wg.handshakes('wg0', { [name]: rate })
      expect(listen).toThrow(
        expect.objectContaining({ code: 'EINVAL', path: `options.${name}.${field}` }),
      )
    }
  })

  it.each([5, 'often', true])('a rate is no %o', (rate) => {
    const listen = () => wg.handshakes('wg0', { overall: rate as never })
    expect(listen).toThrow(expect.objectContaining({ code: 'EINVAL', path: 'options.overall' }))
  })
})

describe('times that no timer takes', () => {
  const WITHOUT_END = [2 ** 31, 2 ** 40, Number.POSITIVE_INFINITY]

  it.each(WITHOUT_END)('a lookup may take %d milliseconds', async (timeout) => {
    const lookups = new Lookups({ timeout, negativeTtl: 0, negativeSize: 1, concurrency: 1 })
    const ask = () => new Promise<string>((resolve) => setTimeout(resolve, 30, 'found'))
    const outcome = await lookups.look('key' as never, ask, new AbortController().signal)
    expect(outcome).toEqual({ kind: 'found', value: 'found' })
  })

  it.each(WITHOUT_END)('a watcher with %d milliseconds looks once', async (interval) => {
    const backend = new MemoryBackend()
    await backend.create('wg0')
    const device = vi.spyOn(backend, 'device')
    const client = await open({ backends: [backend] })
    const watcher = client.watch('wg0', { interval, initial: true })
    await watcher.next()
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(device).toHaveBeenCalledOnce()
    await client.close()
  })
})
