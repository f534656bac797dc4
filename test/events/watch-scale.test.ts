import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type Device, formatPublicKey, PeerRecord } from '@wgctrl/types'
import { describe, expect, it } from 'vitest'
import { DeviceDiff } from '../../packages/wireguard/src/watch/device-diff.js'
import type { WatchEvent } from '../../packages/wireguard/src/watch/events.js'

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

/** Peers as a backend reads them: each reading makes every string and object anew. */
class ManyPeers {
  readonly #keys: Uint8Array[]
  readonly #received: number[]

  constructor(count: number) {
    this.#keys = Array.from({ length: count }, (_, index) => {
      const key = new Uint8Array(32).fill(3)
      new DataView(key.buffer).setUint32(0, index)
      return key
    })
    this.#received = Array<number>(count).fill(0)
  }

  receive(index: number, bytes: number): string {
    this.#received[index] = (this.#received[index] as number) + bytes
    return formatPublicKey(this.#keys[index] as Uint8Array)
  }

  read(): Device {
    const peers = this.#keys.map((key, index) => {
      const [a, b, c] = [(index >> 16) & 255, (index >> 8) & 255, index & 255]
      return new PeerRecord({
        publicKey: formatPublicKey(key),
        endpoint: { address: `10.${a}.${b}.${c}`, port: 1000 + (index % 60_000), family: 4 },
        persistentKeepalive: 25,
        lastHandshake: new Date(1_700_000_000_000 + index),
        receivedBytes: BigInt(this.#received[index] as number),
        transmittedBytes: 0n,
        allowedIPs: [`10.${a}.${b}.${c}/32`],
        protocolVersion: 1,
      })
    })
    return { name: 'wg0', kind: 'userspace', listenPort: 1, firewallMark: 0, peers }
  }
}

const median = (values: number[]): number =>
  values.sort((one, other) => one - other)[values.length >> 1] as number

describe('watch on many peers', () => {
  it('tells each change of 100,000 peers once, for little more than the reading', () => {
    const device = new ManyPeers(100_000)
    const diff = new DeviceDiff('wg0')
    const reading: number[] = []
    const telling: number[] = []
    for (let tick = 0; tick < 20; tick++) {
      const changed = Array.from({ length: tick === 0 ? 0 : 100 }, (_, index) =>
        device.receive((tick * 4999 + index * 613) % 100_000, 1 + index),
      )
      const start = performance.now()
      const now = device.read()
      const read = performance.now()
      const events: WatchEvent[] = []
      diff.update(now, tick * 1000, 1_700_000_000_000, (event) => events.push(event))
      reading.push(read - start)
      telling.push(performance.now() - read)
      expect(events.map((event) => 'publicKey' in event && event.publicKey).sort()).toEqual(
        changed.sort(),
      )
      for (const event of events) expect(event.type).toBe('peer-transfer')
    }
    const [read, tell] = [median(reading), median(telling)]
    const line = `a reading ${read.toFixed(0)} ms, telling what changed ${tell.toFixed(0)} ms`
    console.log(`${line}: ${((read + tell) / read).toFixed(2)} of one reading`)
    expect((read + tell) / read).toBeLessThan(1.3)
  })

  it('does not grow over 1,000 ticks', () => {
    const device = new ManyPeers(2000)
    const diff = new DeviceDiff('wg0')
    const heap: number[] = []
    for (let tick = 0; tick <= 1000; tick++) {
      for (let index = 0; index < 100; index++) device.receive((tick * 100 + index) % 2000, 1)
      diff.update(device.read(), tick * 1000, 1_700_000_000_000, () => {})
      if (tick % 250 !== 0) continue
      collectGarbage()
      heap.push(process.memoryUsage().heapUsed)
    }
    const [, early = 0] = heap
    console.log(
      `heap at ticks 0 to 1000: ${heap.map((bytes) => (bytes / 1e6).toFixed(1)).join(', ')} MB`,
    )
    expect((heap.at(-1) as number) - early).toBeLessThan(1 << 20)
  })
})
