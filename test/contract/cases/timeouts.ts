import { setTimeout as sleep } from 'node:timers/promises'
import { type CallOptions, WireGuardError } from '@wgctrl/types'
import { expect, it } from 'vitest'
import { type Bench, failure, firstPeer } from '../bench.js'
import { peerKey, peersWithNetworks } from '../samples.js'

/** Milliseconds in which a device answers on any machine, and its test does not end yet. */
const PATIENT = 60_000

export function timeouts(bench: Bench): void {
  const calls: Record<string, (name: string, options: CallOptions) => Promise<unknown>> = {
    device: (name, options) => bench.wg.device(name, options),
    peers: (name, options) => firstPeer(bench.wg.peers(name, options)),
    configure: (name, options) =>
      bench.wg.configure(name, { peers: [{ publicKey: peerKey(1) }] }, options),
  }

  /** A device that does not answer; where there can be none, one that answers at once. */
  const slowDevice = async (): Promise<string> => {
    const name = await bench.stage.createSilentDevice?.()
    if (name === undefined) return bench.newDevice()
    bench.removeAfterCase(name)
    return name
  }

  it.each(Object.keys(calls))('of %s of a silent device', async (operation) => {
    const name = await slowDevice()
    const begin = performance.now()
    const timeout = bench.stage.createSilentDevice ? 150 : PATIENT
    const call = calls[operation]?.(name, { timeout }) ?? Promise.resolve()
    if (bench.stage.createSilentDevice) {
      const error = await failure(call)
      expect(error).toBeInstanceOf(WireGuardError)
      expect(error).toMatchObject({ code: 'ETIMEDOUT', operation, device: name })
      expect(performance.now() - begin).toBeGreaterThan(140)
    } else {
      await call
    }
    expect(performance.now() - begin).toBeLessThan(PATIENT)
  })

  it.each(Object.keys(calls))('abort of %s of a silent device', async (operation) => {
    const name = await slowDevice()
    const signal = AbortSignal.timeout(bench.stage.createSilentDevice ? 50 : PATIENT)
    const call = calls[operation]?.(name, { signal }) ?? Promise.resolve()
    if (bench.stage.createSilentDevice) {
      expect(await failure(call)).toMatchObject({ name: 'AbortError' })
    } else {
      await call
    }
  })

  it('the time in line counts', async () => {
    const name = await slowDevice()
    const [long, short] = bench.stage.createSilentDevice ? [300, 100] : [PATIENT, PATIENT]
    const first = bench.wg.device(name, { timeout: long })
    const second = bench.wg.device(name, { timeout: short })
    if (bench.stage.createSilentDevice) {
      expect(await failure(second)).toMatchObject({ code: 'ETIMEDOUT' })
      expect(await failure(first)).toMatchObject({ code: 'ETIMEDOUT' })
    } else {
      expect(await first).toMatchObject(await second)
    }
  })

  it('of next to no time: an answer in time or none', async () => {
    const peers = bench.atMost(1000)
    const name = await bench.newDevice({ peers: peersWithNetworks(peers) })
    for (const timeout of [0.001, 1, 2, 4, 8, 16, 32, 64]) {
      const result = await bench.wg.device(name, { timeout }).catch((error) => error)
      if (result instanceof Error) expect(result).toMatchObject({ code: 'ETIMEDOUT' })
      else expect(result.peers).toHaveLength(peers)
    }
    expect(await bench.stream(name)).toHaveLength(peers)
  })

  it('does not count the time that the consumer of a stream takes', async () => {
    const peers = bench.atMost(1000)
    const name = await bench.newDevice({ peers: peersWithNetworks(peers) })
    // On a machine that is too slow for that time, the same with twice as much.
    for (let timeout = 1000; ; timeout *= 2) {
      let [count, paused] = [0, 0]
      const begin = performance.now()
      const stream = async (): Promise<void> => {
        for await (const _ of bench.wg.peers(name, { timeout })) {
          if (count++ % (peers / 4) !== 0) continue
          const since = performance.now()
          await sleep(timeout * 0.3)
          paused += performance.now() - since
        }
      }
      const error = await stream().then(
        () => undefined,
        (thrown: unknown) => thrown,
      )
      const taken = performance.now() - begin - paused
      if (error === undefined) {
        expect(count).toBe(peers)
        return
      }
      expect(error).toMatchObject({ code: 'ETIMEDOUT' })
      expect(taken).toBeGreaterThan(0.9 * timeout)
    }
  })

  it('none: Infinity', async () => {
    const name = await bench.newDevice()
    const options = { timeout: Number.POSITIVE_INFINITY }
    await bench.wg.configure(name, { firewallMark: 1 }, options)
    expect(await bench.wg.device(name, options)).toMatchObject({ firewallMark: 1 })
    expect(await firstPeer(bench.wg.peers(name, options))).toBeUndefined()
  })
}
