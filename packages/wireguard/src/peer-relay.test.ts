import type { Peer, PeerIterator } from '@wgctrl/types'
import { describe, expect, it } from 'vitest'
import { PeerRelay } from './peer-relay.js'

const peer = (publicKey: string): Peer => ({ publicKey }) as Peer

/** What a backend has read: the first half is at hand from the beginning, the rest comes by promises. */
function source(keys: readonly string[]): PeerIterator & { readonly taken: string[] } {
  const left = [...keys]
  const taken: string[] = []
  let atHand = Math.ceil(keys.length / 2)
  const take = (how: string): Peer => {
    taken.push(how)
    return peer(left.shift() as string)
  }
  return {
    taken,
    ready: () => (atHand-- > 0 && left.length > 0 ? take('at hand') : undefined),
    next: async () =>
      left.length > 0 ? { done: false, value: take('asked') } : { done: true, value: undefined },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

function relayOf(peers: PeerIterator, signal: AbortSignal, events: string[] = []): PeerRelay {
  return new PeerRelay(async function* (began) {
    try {
      const first = await peers.next()
      began(peers, signal)
      for (let next = first; !next.done; next = await peers.next()) {
        yield next.value
        signal.throwIfAborted()
      }
    } finally {
      events.push('ended')
    }
  })
}

const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
const never = new AbortController().signal

describe('PeerRelay', () => {
  it('hands out every peer once, in order, what is at hand without being asked for', async () => {
    const peers = source(keys)
    const seen: string[] = []
    for await (const { publicKey } of relayOf(peers, never)) seen.push(publicKey)
    expect(seen).toEqual(keys)
    expect(peers.taken).toEqual(['asked', ...Array(4).fill('at hand'), 'asked', 'asked'])
  })

  it('answers calls that did not wait for each other in their order', async () => {
    const relay = relayOf(source(keys), never)
    const first = await relay.next()
    const rest = await Promise.all(keys.map(() => relay.next()))
    expect([first, ...rest].map(({ value }) => value?.publicKey)).toEqual([...keys, undefined])
  })

  it('ends its generator when it is left early, and gives nothing that was at hand', async () => {
    const events: string[] = []
    const relay = relayOf(source(keys), never, events)
    for await (const { publicKey } of relay) if (publicKey === 'b') break
    expect(events).toEqual(['ended'])
    expect(await relay.next()).toEqual({ done: true, value: undefined })
  })

  it('gives nothing that was at hand once the signal fired', async () => {
    const controller = new AbortController()
    const relay = relayOf(source(keys), controller.signal)
    await relay.next()
    controller.abort(new Error('enough'))
    await expect(relay.next()).rejects.toThrow('enough')
    expect(await relay.next()).toEqual({ done: true, value: undefined })
  })

  it('takes an error as a generator does', async () => {
    const events: string[] = []
    const relay = relayOf(source(keys), never, events)
    await relay.next()
    await expect(relay.throw(new Error('mine'))).rejects.toThrow('mine')
    expect(events).toEqual(['ended'])
    expect(await relay.next()).toEqual({ done: true, value: undefined })
  })
})
