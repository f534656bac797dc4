import { link } from 'node:fs/promises'
import { createServer } from 'node:net'
import { checkConfig, type DeviceConfig } from '@wgctrl/types'
import { FakeDevice, type FakeTraffic } from '@wgctrl/types/testing'
import { FakeUapiServer } from '@wgctrl/uapi/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FIELDS } from '../../packages/cli/src/wg/commands.js'
import { isolate } from '../contract/harnesses/isolation.js'
import { keyPair, networks, peerKey, secret } from '../contract/samples.js'
import { comparable } from './meaning.js'
import { withSeed } from './seed.js'
import { runOurs, runWg, yearOfWg } from './wg.js'

const NAME = 'wgfake0'
const KiB = 1024n

/** A device that gives its peers in one order, and did what no real one can be made to do. */
async function withDevice(
  config: DeviceConfig,
  traffic: readonly FakeTraffic[],
  body: () => Promise<void>,
): Promise<void> {
  await isolate()
  const device = new FakeDevice(NAME)
  device.apply(checkConfig(config))
  for (const [at, each] of traffic.entries()) device.pretend(peerKey(at), each)
  await using _server = await FakeUapiServer.listen(`/var/run/wireguard/${NAME}.sock`, device)
  await body()
}

/** Expects the same bytes. A clock that went on meanwhile is no difference. */
async function expectSameBytes(words: readonly string[], env = {}): Promise<void> {
  for (;;) {
    const before = await runWg(words, { env })
    const ours = await runOurs(words, { env })
    const after = await runWg(words, { env })
    if (before.out !== after.out) continue
    expect(ours.out, words.join(' ')).toBe(after.out)
    expect(comparable(ours)).toEqual(comparable(after))
    return
  }
}

const environments = ['never', 'always', 'neither'].flatMap((WG_COLOR_MODE) =>
  ['never', 'always'].map((WG_HIDE_KEYS) => ({ WG_COLOR_MODE, WG_HIDE_KEYS })),
)

async function expectSameShows(): Promise<void> {
  for (const env of environments) {
    await expectSameBytes(['show', NAME], env)
    await expectSameBytes([], env)
  }
  await expectSameBytes(['showconf', NAME])
  await expectSameBytes(['show', 'interfaces'])
  for (const field of FIELDS) {
    await expectSameBytes(['show', NAME, field])
    // wg(8) of 2021 has the names in the wrong place there.
    if (field !== 'endpoints' || yearOfWg > 2021) await expectSameBytes(['show', 'all', field])
  }
}

const ago = (seconds: number): Date => new Date(Date.now() - seconds * 1000)

describe('show, byte for byte', () => {
  it('a device without anything', () => withDevice({}, [], expectSameShows))

  it('peers in all states', () => {
    const { privateKey } = keyPair(1)
    const peers = Array.from({ length: 8 }, (_, n) => ({ publicKey: peerKey(n) }))
    const config = {
      privateKey,
      listenPort: 51820,
      firewallMark: 0xca6c,
      peers: [
        { ...peers[0], presharedKey: secret(1), allowedIPs: networks(9), persistentKeepalive: 25 },
        { ...peers[1], endpoint: '[::ffff:192.0.2.1]:1', persistentKeepalive: 1 },
        { ...peers[2], endpoint: '[2001:db8::1]:65535', persistentKeepalive: 65535 },
        { ...peers[3], endpoint: '192.0.2.1:1', allowedIPs: ['0.0.0.0/0'] },
        { ...peers[4], allowedIPs: ['::1.2.3.4/128', '::/0', '::1/128', '::ffff:1.2.3.0/120'] },
        { ...peers[5], persistentKeepalive: 3661 },
        ...peers.slice(6),
      ],
    } as DeviceConfig
    const traffic = [
      { lastHandshake: ago(3) },
      { lastHandshake: ago(61), receivedBytes: 1 },
      { lastHandshake: ago(366 * 24 * 3600 + 3661), transmittedBytes: 1023 },
      { receivedBytes: KiB, transmittedBytes: 1029 },
      { lastHandshake: ago(-1000), receivedBytes: 1536, transmittedBytes: 1152 },
      { lastHandshake: new Date(1), receivedBytes: KiB ** 2n - 1n, transmittedBytes: KiB ** 2n },
      { receivedBytes: KiB ** 3n * 5n, transmittedBytes: KiB ** 4n * 7n },
      { lastHandshake: ago(24 * 3600), receivedBytes: 2n ** 64n - 1n },
    ]
    return withDevice(config, traffic, expectSameShows)
  })

  it('counters and durations of any size', async () => {
    const counter = fc.oneof(
      fc.bigInt(0n, 2n ** 64n - 1n),
      fc.bigInt(0n, 2n ** 24n),
      fc.bigInt(0n, 9000n).map((n) => n * 128n),
    )
    const seconds = fc.oneof(fc.nat(200), fc.nat(100_000), fc.nat(1_700_000_000))
    const traffic = fc.record({
      receivedBytes: counter,
      transmittedBytes: counter,
      lastHandshake: fc.option(seconds.map(ago), { nil: undefined as never }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(traffic, { minLength: 40, maxLength: 40 }), async (each) => {
        const peers = each.map((_, n) => ({ publicKey: peerKey(n), persistentKeepalive: n * 1637 }))
        await withDevice({ peers }, each, async () => {
          await expectSameBytes(['show', NAME])
          await expectSameBytes(['show', NAME, 'dump'])
        })
      }),
      { ...withSeed(), numRuns: 25 },
    )
  })

  it('leaves out a socket that nobody listens on', async () => {
    const path = '/var/run/wireguard/wgstale0.sock'
    await isolate()
    const server = createServer().listen(`${path}.live`)
    await new Promise((resolve) => server.once('listening', resolve))
    await link(`${path}.live`, path)
    await new Promise((resolve) => server.close(resolve))
    const ours = await runOurs(['show', 'interfaces'])
    expect(ours).toEqual({ status: 0, out: '', err: '' })
    // wg(8) removes it as well.
    expect(await runWg(['show', 'interfaces'])).toEqual(ours)
  })
})

describe('show --json', () => {
  const config: DeviceConfig = {
    privateKey: keyPair(1).privateKey,
    listenPort: 7,
    peers: [
      { publicKey: peerKey(0), presharedKey: secret(1), allowedIPs: ['10.0.0.1/32'] },
      { publicKey: peerKey(1), endpoint: '192.0.2.1:2', persistentKeepalive: 5 },
    ],
  }
  const traffic = [
    { receivedBytes: 2n ** 60n, transmittedBytes: 5, lastHandshake: new Date(1_700_000_000_000) },
  ]
  const exactBytes = { received: `${2n ** 60n}`, transmitted: '5' }
  const json = async (...words: string[]): Promise<unknown> => {
    const { status, out, err } = await runOurs(words, {}, 'wgctrl')
    expect({ status, err }).toEqual({ status: 0, err: '' })
    return JSON.parse(out)
  }
  const shows = (body: () => Promise<void>) => () => withDevice(config, traffic, body)

  it(
    'hides secrets unless it is asked for them',
    shows(async () => {
      for (const words of [['show', NAME], ['show', NAME, 'dump'], ['show'], ['show', 'all']]) {
        const { out } = await runOurs([...words, '--json'], {}, 'wgctrl')
        expect(out).toContain('"privateKey": "(hidden)"')
        expect(out).toContain('"presharedKey": "(hidden)"')
        for (const secrets of [keyPair(1).privateKey, secret(1)]) {
          expect(out).not.toContain(secrets)
          const asked = await runOurs(
            ['--json', '--secrets'].concat(words).toSorted(optionsLast),
            {},
            'wgctrl',
          )
          expect(asked.out).toContain(secrets)
          const env = { WG_HIDE_KEYS: 'never' }
          expect((await runOurs([...words, '--json'], { env }, 'wgctrl')).out).toContain(secrets)
        }
      }
      expect(await json('show', NAME, 'private-key', '--json')).toBe('(hidden)')
      expect(await json('show', NAME, 'preshared-keys', '--json', '--secrets')).toEqual({
        [peerKey(0)]: secret(1),
        [peerKey(1)]: null,
      })
    }),
  )

  it(
    'gives every form',
    shows(async () => {
      const [one, two] = [peerKey(0), peerKey(1)]
      const device = await json('show', NAME, '--json')
      expect(device).toMatchObject({
        name: NAME,
        kind: 'userspace',
        listenPort: 7,
        peers: [{ publicKey: one, receivedBytes: 2 ** 60, transmittedBytes: 5, exactBytes }, {}],
      })
      expect(await json('show', NAME, 'dump', '--json')).toEqual(device)
      expect(await json('show', '--json')).toEqual([device])
      expect(await json('show', 'all', 'dump', '--json')).toEqual([device])
      expect(await json('show', 'interfaces', '--json')).toEqual([NAME])
      const values: Record<string, unknown> = {
        'public-key': keyPair(1).publicKey,
        'private-key': '(hidden)',
        'listen-port': 7,
        fwmark: 0,
        peers: [one, two],
        'preshared-keys': { [one]: '(hidden)', [two]: null },
        endpoints: { [one]: null, [two]: { address: '192.0.2.1', port: 2, family: 4 } },
        'allowed-ips': { [one]: ['10.0.0.1/32'], [two]: [] },
        'latest-handshakes': { [one]: '2023-11-14T22:13:20.000Z', [two]: null },
        transfer: {
          [one]: { receivedBytes: 2 ** 60, transmittedBytes: 5, exactBytes },
          [two]: { receivedBytes: 0, transmittedBytes: 0 },
        },
        'persistent-keepalive': { [one]: 0, [two]: 5 },
        dump: device,
      }
      expect(Object.keys(values).sort()).toEqual([...FIELDS].sort())
      for (const [field, value] of Object.entries(values)) {
        expect(await json('show', NAME, field, '--json'), field).toEqual(value)
        if (field === 'dump') continue
        expect(await json('show', 'all', field, '--json'), field).toEqual({ [NAME]: value })
      }
    }),
  )

  it('is no word of wg(8)', async () => {
    const words = ['show', 'all', '--json']
    await withDevice({}, [], async () => {
      expect(comparable(await runOurs(words))).toEqual(comparable(await runWg(words)))
    })
  })
})

const optionsLast = (a: string, b: string): number =>
  Number(a.startsWith('--')) - Number(b.startsWith('--'))
