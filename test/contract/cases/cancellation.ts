import { getEventListeners } from 'node:events'
import { AbortError, type CallOptions } from '@wgctrl/types'
import { expect, it } from 'vitest'
import { type Bench, failure, firstPeer } from '../bench.js'
import { uniqueName } from '../harness.js'
import { peerKey, peersWithNetworks } from '../samples.js'

export function cancellation(bench: Bench): void {
  const { traits, manyPeers } = bench
  const aborted = { name: 'AbortError', code: 'ABORT_ERR' }
  const calls: Record<string, (name: string, options: CallOptions) => Promise<unknown>> = {
    list: (_, options) => bench.wg.list(options),
    device: (name, options) => bench.wg.device(name, options),
    peers: (name, options) => firstPeer(bench.wg.peers(name, options)),
    configure: (name, options) => bench.wg.configure(name, { firewallMark: 1 }, options),
    create: (_, options) => bench.wg.create(uniqueName(), options),
    delete: (name, options) => bench.wg.delete(name, options),
  }

  /** An immediate call may be over by the time that it is aborted, and one that had time before; any other must not. */
  const endsAborted = async (
    call: Promise<unknown>,
    mayBeOver: boolean = traits.immediate,
  ): Promise<boolean> => {
    const error = await call.then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    if (error === undefined && mayBeOver) return false
    expect(error).toMatchObject(aborted)
    return true
  }

  it.each(Object.keys(calls))('before %s', async (operation) => {
    const name = await bench.newDevice()
    const reason = new Error('had enough')
    const signal = AbortSignal.abort(reason)
    const error = await failure(calls[operation]?.(name, { signal }) ?? Promise.resolve())
    expect(error).toBeInstanceOf(AbortError)
    expect(error).toMatchObject({ ...aborted, cause: reason })
    expect(await bench.isListed(name)).toBe(true)
    expect(await bench.read(name)).toMatchObject({ firewallMark: 0 })
  })

  it('while a device is read', async () => {
    const name = await bench.newDevice({ peers: peersWithNetworks(manyPeers) })
    const controller = new AbortController()
    const call = bench.wg.device(name, { signal: controller.signal })
    controller.abort()
    await endsAborted(call)
    expect((await bench.wg.device(name)).peers).toHaveLength(manyPeers)
  })

  it('while peers are streamed', async () => {
    const name = await bench.newDevice({ peers: peersWithNetworks(manyPeers) })
    const controller = new AbortController()
    const reason = new Error('had enough')
    let count = 0
    const stream = async (): Promise<void> => {
      for await (const _ of bench.wg.peers(name, { signal: controller.signal })) {
        if (++count === 10) controller.abort(reason)
      }
    }
    expect(await failure(stream())).toMatchObject({ ...aborted, cause: reason })
    expect(count).toBe(10)
    expect(await bench.stream(name)).toHaveLength(manyPeers)
  })

  it('while a device is changed: it has what was applied, and takes the change again', async () => {
    const name = await bench.newDevice({ peers: [{ publicKey: peerKey(-1) }] })
    const config = { replacePeers: true, peers: peersWithNetworks(manyPeers) }
    const controller = new AbortController()
    const call = bench.wg.configure(name, config, { signal: controller.signal })
    await new Promise((resolve) => setTimeout(resolve, 20))
    controller.abort()
    // The timer may be late, and the machine fast.
    const wasAborted = await endsAborted(call, true)
    if (!wasAborted) expect(await bench.stream(name)).toHaveLength(manyPeers)
    const known = new Set([peerKey(-1), ...config.peers.map((peer) => peer.publicKey)])
    for (const peer of await bench.stream(name)) expect(known.has(peer.publicKey)).toBe(true)
    await bench.wg.configure(name, config)
    expect(await bench.stream(name)).toHaveLength(manyPeers)
  })

  it('of a call that waits for another', async () => {
    const name = await bench.newDevice()
    const controller = new AbortController()
    const peers = bench.atMost(2000)
    const before = bench.wg.configure(name, { peers: peersWithNetworks(peers) })
    const waiting = bench.wg.configure(name, { replacePeers: true }, { signal: controller.signal })
    const behind = bench.wg.device(name)
    controller.abort()
    const wasAborted = await endsAborted(waiting)
    await before
    expect((await behind).peers).toHaveLength(wasAborted ? peers : 0)
  })

  it('after the call is without effect, and nothing listens any more', async () => {
    const name = await bench.newDevice()
    const controller = new AbortController()
    const { signal } = controller
    for (const [operation, call] of Object.entries(calls)) {
      if (operation === 'create' || operation === 'delete') continue
      if (operation === 'list' && !traits.lists) continue
      await call(name, { signal })
      await call(uniqueName(), { signal }).catch(() => {})
      expect(getEventListeners(signal, 'abort'), operation).toEqual([])
    }
    controller.abort()
    expect(await bench.read(name)).toMatchObject({ firewallMark: 1 })
  })
}
