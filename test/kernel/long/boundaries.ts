import { KernelBackend } from '@wgctrl/netlink'
import type { DeviceConfig } from '@wgctrl/types'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Bench } from '../../contract/bench.js'
import { kernel } from '../../contract/harnesses/kernel.js'
import { networks, peerKey, secret } from '../../contract/samples.js'
import { setconf, wg } from '../../interop/wg.js'
import { newTap, type Tap, tapped } from './tapped-socket.js'

type Peer = NonNullable<DeviceConfig['peers']>[number] & {
  publicKey: string
  allowedIPs: string[]
}

const LARGEST = 3000

export const keyAlone = (index: number): Peer => ({ publicKey: peerKey(index), allowedIPs: [] })

export const everyField = (index: number): Peer => ({
  publicKey: peerKey(index),
  presharedKey: secret(index),
  endpoint: `127.0.0.1:${1 + index}`,
  persistentKeepalive: 60_000,
  allowedIPs: networks(3, 3 * index),
})

/** Devices of 1 to 3,000 peers of one size, around every place where a message ends: nothing is lost. */
export function boundaries(title: string, peerAt: (index: number) => Peer): void {
  describe(title, () => {
    const bench = new Bench(kernel)
    const peers = Array.from({ length: LARGEST }, (_, index) => peerAt(index))
    const shown = peers.map(line)
    const from = (count: number): Set<string> => new Set(shown.slice(0, count))
    const first = (count: number): DeviceConfig => ({ peers: peers.slice(0, count) })
    let ends: Ends

    beforeAll(async () => {
      await bench.setup()
      ends = await findEnds(bench, peers)
      console.log(`${title}: messages end behind ${ends.written}; datagrams behind ${ends.read}`)
    })
    afterAll(() => bench.teardown())

    it('need several messages in both directions', () => {
      expect(ends.written.length).toBeGreaterThan(0)
      expect(ends.read.length).toBeGreaterThan(10)
    })

    it('what we write, we and wg(8) read, around the end of a message', async () => {
      for (const count of [...around(ends.written), LARGEST]) {
        const name = await bench.stage.createDevice()
        await bench.wg.configure(name, first(count))
        expect(difference(await readBack(bench, name), from(count)), `we: ${count}`).toEqual([])
        expect(difference(await dump(name), from(count)), `wg(8): ${count}`).toEqual([])
        await bench.stage.removeDevice(name)
      }
    })

    it('what wg(8) writes, we read, around the end of a message', async () => {
      for (const count of [...around(ends.written), LARGEST]) {
        const name = await bench.stage.createDevice()
        await setconf(name, first(count))
        expect(difference(await readBack(bench, name), from(count)), `we: ${count}`).toEqual([])
        await bench.stage.removeDevice(name)
      }
    })

    it('a device that grows is read whole, around the end of a datagram', async () => {
      const name = await bench.newDevice()
      let before = 0
      for (const count of [...around(ends.read), LARGEST]) {
        await bench.wg.configure(name, { peers: peers.slice(before, count) })
        before = count
        expect(difference(await readBack(bench, name), from(count)), `we: ${count}`).toEqual([])
      }
      expect(difference(await dump(name), from(LARGEST)), 'wg(8)').toEqual([])
    })
  })
}

/** After how many peers a message that was written, or a datagram that was read, ended. */
interface Ends {
  readonly written: number[]
  readonly read: number[]
}

/** Taken from the bytes that pass: which key is the first in each of them. */
async function findEnds(bench: Bench, peers: Peer[]): Promise<Ends> {
  const tap = newTap()
  await using backend = new KernelBackend({ openTransport: tapped(tap) })
  const name = await bench.stage.createDevice()
  await backend.configure(name, { peers })
  const written = endsIn(tap.sent, peers)
  clear(tap)
  await backend.device(name)
  const read = endsIn(tap.received, peers)
  await bench.stage.removeDevice(name)
  return { written, read }
}

/** A datagram's first key; the one before belongs to the datagram before, or goes on in this one. */
function endsIn(datagrams: Buffer[], peers: Peer[]): number[] {
  const indexes = new Map(peers.map(({ publicKey }, index) => [publicKey, index]))
  const ends = datagrams.flatMap((datagram) => {
    for (let at = 0; at + 32 <= datagram.length; at += 4) {
      const index = indexes.get(datagram.toString('base64', at, at + 32))
      if (index !== undefined) return index
    }
    return []
  })
  return [...new Set(ends)].filter((index) => index > 0).sort((a, b) => a - b)
}

function clear(tap: Tap): void {
  tap.sent.length = 0
  tap.received.length = 0
}

/** Three to either side, within 1 to 3,000, each once, ascending. */
function around(ends: number[]): number[] {
  const sizes = ends.flatMap((end) => [-3, -2, -1, 0, 1, 2, 3].map((step) => end + step))
  return [...new Set(sizes)].filter((size) => size >= 1 && size < LARGEST).sort((a, b) => a - b)
}

const line = ({
  publicKey,
  presharedKey,
  persistentKeepalive,
  endpoint,
  allowedIPs,
}: Peer): string =>
  [publicKey, presharedKey, endpoint, persistentKeepalive, [...allowedIPs].sort()].join(' ')

async function readBack(bench: Bench, name: string): Promise<string[]> {
  const { peers } = await bench.wg.device(name)
  return peers.map(({ publicKey, presharedKey, endpoint, persistentKeepalive, allowedIPs }) =>
    line({
      publicKey,
      ...(presharedKey && { presharedKey: presharedKey.toBase64() }),
      ...(endpoint && { endpoint: `${endpoint.address}:${endpoint.port}` }),
      ...(persistentKeepalive && { persistentKeepalive }),
      allowedIPs: [...allowedIPs],
    }),
  )
}

/** @source wg(8), "show <interface> dump" */
async function dump(name: string): Promise<string[]> {
  const [, ...lines] = (await wg(['show', name, 'dump'])).trimEnd().split('\n')
  return lines.map((text) => {
    const [publicKey = '', psk, endpoint, allowed = '', , , , keepalive] = text.split('\t')
    return line({
      publicKey,
      ...(psk !== '(none)' && { presharedKey: psk }),
      ...(endpoint !== '(none)' && { endpoint }),
      ...(keepalive !== 'off' && { persistentKeepalive: Number(keepalive) }),
      allowedIPs: allowed === '(none)' ? [] : allowed.split(','),
    })
  })
}

/** What is missing, what should not be there and what came twice; a few of them say enough. */
function difference(actual: string[], expected: Set<string>): string[] {
  const found = new Set(actual)
  const missing = [...expected].filter((text) => !found.has(text)).map((text) => `missing ${text}`)
  const other = [...found].filter((text) => !expected.has(text)).map((text) => `other ${text}`)
  const twice = found.size === actual.length ? [] : [`${actual.length - found.size} came twice`]
  return [...missing.slice(0, 3), ...other.slice(0, 3), ...twice]
}
