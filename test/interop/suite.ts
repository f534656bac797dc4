import {
  checkConfig,
  type DeviceConfig,
  generatePresharedKey,
  generatePrivateKey,
  publicKey,
  SecretKey,
} from '@wgctrl/types'
import { FakeDevice } from '@wgctrl/types/testing'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { Bench } from '../contract/bench.js'
import type { Harness } from '../contract/harness.js'
import { freePort } from '../contract/ports.js'
import { keyPair, network, networks, peerKey, peersWithNetworks } from '../contract/samples.js'
import { changes, privateKey, state } from './arbitraries.js'
import { configured, type View, viewOf } from './view.js'
import { set, setconf, show, wg } from './wg.js'

/** Looking for a smaller counterexample ends before the test does, which then shows the one found. */
const runs = (numRuns: number) => ({ numRuns, interruptAfterTimeLimit: 100_000 })

/** What a device of this state shows, wherever it is asked. */
function viewOfState(...configs: DeviceConfig[]): View {
  const model = new FakeDevice('model')
  for (const config of configs) model.apply(checkConfig(config))
  return viewOf(model.snapshot())
}

/** We and wg(8), on the same devices. */
export function interop(harness: Harness): void {
  describe(`wg(8) and ${harness.name}`, () => {
    const bench = new Bench(harness)
    const ports: number[] = []
    beforeAll(async () => {
      await bench.setup()
      for (let n = 0; n < 5; n++) ports.push(await freePort())
    })
    afterAll(() => bench.teardown())

    describe('random states', () => states(bench, ports))
    describe('sizes', () => sizes(bench))
    describe('life', () => life(bench))
  })
  describe('keys of wg(8)', keys)
}

function states(bench: Bench, ports: number[]): void {
  it('wg shows what we set', async () => {
    const name = await bench.newDevice()
    await fc.assert(
      fc.asyncProperty(state(ports), async (config) => {
        await bench.wg.configure(name, config)
        expect(configured(await show(name))).toEqual(configured(viewOfState(config)))
      }),
      runs(60),
    )
  })

  it('we show what wg sets', async () => {
    const name = await bench.newDevice()
    await fc.assert(
      fc.asyncProperty(state(ports), async (config) => {
        await setconf(name, config)
        const device = await bench.wg.device(name)
        expect(configured(viewOf(device))).toEqual(configured(viewOfState(config)))
        const peers = await bench.stream(name)
        expect(configured(viewOf({ ...device, peers }))).toEqual(configured(viewOfState(config)))
      }),
      runs(60),
    )
  })

  it('both see each change that either makes', async () => {
    await fc.assert(
      fc.asyncProperty(changes(ports), async (steps) => {
        const name = await bench.stage.createDevice()
        try {
          const done: DeviceConfig[] = []
          for (const { by, config } of steps) {
            done.push(config)
            await (by === 'us' ? bench.wg.configure(name, config) : set(name, config))
            const withPort = done.some((change) => change.listenPort !== undefined)
            const expected = configured(viewOfState(...done), withPort)
            expect(configured(viewOf(await bench.wg.device(name)), withPort)).toEqual(expected)
            expect(configured(await show(name), withPort)).toEqual(expected)
          }
        } finally {
          await bench.stage.removeDevice(name)
        }
      }),
      runs(40),
    )
  })
}

function sizes(bench: Bench): void {
  const peerCounts = [0, 1, 22, 23, 24, 100, 1000, 10_000]
  const networkCounts = [1, 2, 255, 256, 257, 1000, 1637, 1638, 1639, 2339, 2340, 2341, 5000]

  const both = async (config: DeviceConfig): Promise<void> => {
    const expected = configured(viewOfState(config), false)
    const ours = await bench.newDevice(config)
    expectSame(configured(await show(ours), false), expected)
    const theirs = await bench.newDevice()
    await setconf(theirs, config)
    expectSame(configured(viewOf(await bench.wg.device(theirs)), false), expected)
  }

  it.each(peerCounts)('%i peers', async (count) => {
    await both({ firewallMark: 1, peers: peersWithNetworks(count) })
  })

  it.each(networkCounts)('%i allowed IPs on one peer', async (count) => {
    const before = { publicKey: peerKey(1), allowedIPs: [network(100_000)] }
    const after = { publicKey: peerKey(3), allowedIPs: [network(100_001)] }
    const peer = { publicKey: peerKey(2), allowedIPs: networks(count), persistentKeepalive: 3 }
    await both({ peers: [before, peer, after] })
  })
}

/** A difference of 10,000 peers is nothing to print. */
function expectSame(actual: object, expected: object): void {
  const [left, right] = [actual, expected].map((view) => JSON.stringify(view))
  if (left === right) return
  const at = [...(left ?? '')].findIndex((letter, index) => letter !== right?.[index])
  expect(left?.slice(Math.max(0, at - 200), at + 200)).toBe(
    right?.slice(Math.max(0, at - 200), at + 200),
  )
  expect(left?.length).toBe(right?.length)
}

function life(bench: Bench): void {
  it('agree on what happened to a peer', async () => {
    const [left, right] = [keyPair(1), keyPair(2)]
    const port = await freePort()
    const listener = await bench.newDevice({
      privateKey: right.privateKey,
      listenPort: port,
      peers: [{ publicKey: left.publicKey, allowedIPs: ['10.0.0.1/32'] }],
    })
    const caller = await bench.newDevice({
      privateKey: left.privateKey,
      peers: [
        {
          publicKey: right.publicKey,
          endpoint: `127.0.0.1:${port}`,
          persistentKeepalive: 60_000,
          allowedIPs: ['10.0.0.2/32'],
        },
      ],
    })
    for (const name of [listener, caller]) {
      await vi.waitFor(
        async () => {
          const before = await show(name)
          const ours = viewOf(await bench.wg.device(name))
          expect(await show(name), 'nothing moved meanwhile').toEqual(before)
          expect(before.peers[0]?.traffic.every((count) => count > 0)).toBe(true)
          expect(ours).toEqual(before)
        },
        { timeout: 20_000, interval: 100 },
      )
    }
    expect((await show(listener)).peers[0]?.endpoint).toMatch(/^127\.0\.0\.1:\d+$/)
  })

  it('agree on a scope', async () => {
    const name = await bench.newDevice()
    const scoped = { publicKey: peerKey(1), endpoint: '[fe80::1%lo]:9' }
    const kept = bench.traits.endpointScope ? '%(lo|1)' : ''
    const expected = new RegExp(`^\\[fe80::1${kept}\\]:9$`)
    for (const write of [bench.wg.configure.bind(bench.wg), setconf]) {
      await write(name, { peers: [scoped] })
      expect((await show(name)).peers[0]?.endpoint).toMatch(expected)
      expect(viewOf(await bench.wg.device(name)).peers[0]?.endpoint).toMatch(expected)
    }
  })

  it('agree on which devices there are', async () => {
    const names = [await bench.newDevice(), await bench.newDevice()]
    const shown = (await wg(['show', 'interfaces'])).trim().split(/\s+/).sort()
    expect(shown).toEqual(expect.arrayContaining(names))
    expect(await bench.wg.list()).toEqual(shown)
  })
}

function keys(): void {
  it('have the public keys that we derive', async () => {
    await fc.assert(
      fc.asyncProperty(privateKey, async (key) => {
        expect(publicKey(key)).toBe((await wg(['pubkey'], key)).trim())
      }),
      runs(20),
    )
  })

  it('are read by us, and ours by it', async () => {
    for (const command of ['genkey', 'genpsk']) {
      const key = (await wg([command])).trim()
      expect(SecretKey.from(key).toBase64()).toBe(key)
    }
    for (const key of [generatePrivateKey(), generatePresharedKey()]) {
      expect((await wg(['pubkey'], key.toBase64())).trim()).toBe(publicKey(key))
    }
  })
}
