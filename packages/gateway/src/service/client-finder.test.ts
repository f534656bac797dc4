import { generatePrivateKey, publicKey } from '@wgctrl/types'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Client } from '../clients/client.js'
import type { ClientStore, Found } from '../store/store.js'
import { Answers } from './answers.js'
import { ClientFinder } from './client-finder.js'

const key = publicKey(generatePrivateKey())
const [old, now]: [Client, Client] = [
  { allowedIPs: ['10.0.0.1/32'] },
  { allowedIPs: ['10.0.0.2/32'] },
]
const { signal } = new AbortController()

let answer: () => Promise<Found | undefined>
let isAway: boolean
let kept: string[]

const finderWith = (more: object = {}, maxLookups = 4): ClientFinder => {
  const store = { find: () => answer() } as unknown as ClientStore
  const config = { size: 10, maxAge: 60_000, patience: 20, ...more }
  return new ClientFinder(store, config, {
    isAway: () => isAway,
    maxLookups,
    onKept: (publicKey) => void kept.push(publicKey),
  })
}
const away = () => Promise.reject(new Error('away'))

beforeEach(() => {
  ;[isAway, kept] = [false, []]
  answer = async () => ({ client: old, revision: 1 })
})

describe('ClientFinder', () => {
  it('asks the store, each time', async () => {
    const finder = finderWith()
    expect(await finder.find(key, signal)).toBe(old)
    answer = async () => ({ client: now, revision: 2 })
    expect(await finder.find(key, signal)).toBe(now)
    answer = async () => undefined
    expect(await finder.find(key, signal)).toBeUndefined()
    expect(kept).toEqual([])
  })

  it.each<[string, () => void]>([
    ['fails', () => (answer = away)],
    ['does not answer', () => (answer = () => new Promise(() => {}))],
    ['is known to be away', () => ([isAway, answer] = [true, () => new Promise(() => {})])],
  ])('lets in who is known when the store %s, and nobody else', async (_, go) => {
    const finder = finderWith()
    await finder.find(key, signal)
    go()
    expect(await finder.find(key, signal)).toBe(old)
    expect(kept).toEqual([key])
    ;[isAway, answer] = [false, away]
    const stranger = publicKey(generatePrivateKey())
    await expect(finder.find(stranger, signal)).rejects.toThrow('away')
  })

  it('has who is not known wait for a store that is away, as long as he may, and not too many', async () => {
    const finder = finderWith()
    ;[isAway, answer] = [true, away]
    const gaveUp = new AbortController()
    const waiting = [finder.find(key, signal), finder.find(key, gaveUp.signal)]
    // Those who wait have been told that it is away by then.
    await new Promise(setImmediate)
    await expect(finder.find(key, signal)).rejects.toThrow('away')
    gaveUp.abort()
    await expect(waiting[1]).rejects.toThrow('away')
    ;[isAway, answer] = [false, async () => ({ client: now, revision: 2 })]
    finder.returned()
    expect(await waiting[0]).toBe(now)
  })

  it('has one wait for a store that is away where one look-up runs at once', async () => {
    const finder = finderWith({}, 1)
    ;[isAway, answer] = [true, away]
    const waiting = finder.find(key, signal)
    await new Promise(setImmediate)
    ;[isAway, answer] = [false, async () => ({ client: now, revision: 2 })]
    finder.returned()
    expect(await waiting).toBe(now)
  })

  it('takes no answer that is too old, of one that nobody has any more, or when none are to be kept', async () => {
    for (const more of [{ maxAge: 1 }, { size: 0 }]) {
      const finder = finderWith(more)
      answer = async () => ({ client: old, revision: 1 })
      await finder.find(key, signal)
      await new Promise((resolve) => setTimeout(resolve, 5))
      answer = away
      await expect(finder.find(key, signal)).rejects.toThrow('away')
    }
    const finder = finderWith()
    answer = async () => ({ client: old, revision: 1 })
    await finder.find(key, signal)
    finder.take({ type: 'revoked', publicKey: key, revision: 2 })
    answer = away
    await expect(finder.find(key, signal)).rejects.toThrow('away')
  })

  it('believes a change that was told more than an answer from before it', async () => {
    const finder = finderWith()
    finder.take({ type: 'changed', publicKey: key, client: now, revision: 5 })
    expect(await finder.find(key, signal)).toBe(now)
    answer = async () => ({ client: old, revision: 6 })
    expect(await finder.find(key, signal)).toBe(old)
    finder.take({ type: 'revoked', publicKey: key, revision: 7 })
    expect(await finder.find(key, signal)).toBeUndefined()
    // A store that says no revision, and one whose copy does not know the client yet.
    answer = async () => ({ client: old })
    expect(await finder.find(key, signal)).toBeUndefined()
    finder.take({ type: 'added', publicKey: key, client: now, revision: 8 })
    answer = async () => undefined
    expect(await finder.find(key, signal)).toBe(now)
  })

  it('keeps those who were here, however many strangers ask and however many clients are told of', async () => {
    const finder = finderWith()
    await finder.find(key, signal)
    answer = async () => undefined
    for (let n = 0; n < 20_000; n++) await finder.find(`stranger ${n}`, signal)
    for (let n = 0; n < 20_000; n++) {
      finder.take({ type: 'added', publicKey: `told ${n}`, client: now, revision: n + 2 })
    }
    expect(finder.kept).toBe(1)
    answer = away
    expect(await finder.find(key, signal)).toBe(old)
    // What was told last is known as well.
    expect(await finder.find('told 19999', signal)).toBe(now)
  })

  it('keeps what was told of those who were here, and nobody who is nobody any more', async () => {
    const finder = finderWith()
    await finder.find(key, signal)
    finder.take({ type: 'changed', publicKey: key, client: now, revision: 2 })
    answer = away
    expect(await finder.find(key, signal)).toBe(now)
    finder.take({ type: 'revoked', publicKey: key, revision: 3 })
    expect([finder.isKnown(key), finder.kept]).toEqual([false, 0])
    // The store says so, and an answer from before that is late.
    answer = async () => undefined
    expect(await finder.find(key, signal)).toBeUndefined()
    answer = async () => ({ client: old, revision: 1 })
    expect(await finder.find(key, signal)).toBeUndefined()
    answer = async () => ({ client: now, revision: 4 })
    expect(await finder.find(key, signal)).toBe(now)
    answer = async () => undefined
    expect(await finder.find(key, signal)).toBeUndefined()
    expect([finder.isKnown(key), finder.kept]).toEqual([false, 0])
  })

  it('keeps no answer where none are to be kept', async () => {
    const finder = finderWith({ size: 0 })
    await finder.find(key, signal)
    finder.take({ type: 'changed', publicKey: key, client: now, revision: 2 })
    expect([finder.isKnown(key), finder.kept]).toEqual([false, 0])
  })

  it('knows nothing any more when changes were lost', async () => {
    const finder = finderWith()
    await finder.find(key, signal)
    finder.forget()
    answer = away
    await expect(finder.find(key, signal)).rejects.toThrow('away')
  })
})

describe('Answers', () => {
  it('are bounded, and what is asked for stays', () => {
    const answers = new Answers(100)
    const one = { client: old, at: 0 }
    answers.set('asked for', one)
    for (let n = 0; n < 10_000; n++) {
      answers.set(`${n}`, one)
      if (n % 20 === 0) answers.get('asked for')
      expect(answers.size).toBeLessThanOrEqual(100)
    }
    expect(answers.get('asked for')).toBe(one)
    expect([answers.get('9999'), answers.get('1')]).toEqual([one, undefined])
  })
})
