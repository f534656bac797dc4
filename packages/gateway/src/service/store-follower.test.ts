import { WireGuardError } from '@wgctrl/types'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Client } from '../clients/client.js'
import { ChangeQueue } from '../store/change-queue.js'
import type { ClientStore, StoreChange } from '../store/store.js'
import { type ClientChanges, type FollowerContext, StoreFollower } from './store-follower.js'

const client: Client = { allowedIPs: ['10.0.0.1/32'] }

/** A store that tells what a test says, and goes away when it says so. */
class ScriptedStore implements ClientStore {
  readonly asked: (number | undefined)[] = []
  queue = new ChangeQueue()
  isAway = false

  async find(): Promise<undefined> {}

  async *changes({ since, signal }: { since?: number | undefined; signal: AbortSignal }) {
    this.asked.push(since)
    if (this.isAway) throw new Error('away')
    this.queue = new ChangeQueue()
    signal.addEventListener('abort', () => this.queue.end())
    yield { type: since === undefined ? 'lost' : 'current', revision: since ?? 1 } as const
    yield* this.queue
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  say(type: 'changed' | 'revoked', publicKey: string, revision: number): void {
    const change = { type, publicKey, revision, client } as StoreChange
    this.queue.push(change)
  }
}

let store: ScriptedStore
let applied: [string, Client | null][][]
let told: string[]
let failWith: (changes: ClientChanges) => unknown
let follower: StoreFollower

const context = (more: Partial<FollowerContext> = {}): FollowerContext => ({
  take: () => {},
  async apply(changes) {
    const error = failWith(changes)
    if (error) throw error
    applied.push([...changes])
  },
  onLost: () => void told.push('lost'),
  verify: async () => {
    told.push('verify')
    return true
  },
  onAway: () => void told.push('away'),
  onBack: () => void told.push('back'),
  onFailed: (_, key) => void told.push(`failed ${key}`),
  ...more,
})

beforeEach(() => {
  store = new ScriptedStore()
  ;[applied, told, failWith] = [[], [], () => undefined]
  follower = new StoreFollower(store, context())
})

afterEach(() => follower.stop())

const isFollowing = () => vi.waitFor(() => expect(follower.isAway).toBe(false))

describe('StoreFollower', () => {
  it('tries a store again as soon as that says that it is back', async () => {
    let comeBack = (_: boolean): void => {}
    const returned = vi.fn(() => new Promise<boolean>((resolve) => (comeBack = resolve)))
    store = Object.assign(new ScriptedStore(), { isAway: true, returned })
    follower = new StoreFollower(store, context())
    follower.start()
    await vi.waitFor(() => expect(returned).toHaveBeenCalledTimes(1))
    expect(store.asked).toHaveLength(1)
    store.isAway = false
    comeBack(true)
    await isFollowing()
    expect(store.asked).toHaveLength(2)
  })

  it('tries a store again soon that is back and not ready yet, however long it was away', async () => {
    const pauses: number[] = []
    const returned = async (most: number): Promise<boolean> => {
      pauses.push(most)
      if (pauses.length === 12) store.isAway = false
      return pauses.length === 10
    }
    store = Object.assign(new ScriptedStore(), { isAway: true, returned })
    follower = new StoreFollower(store, context())
    follower.start()
    await isFollowing()
    expect(Math.min(...pauses.slice(6, 10))).toBeGreaterThanOrEqual(2500)
    expect(pauses[10]).toBeLessThanOrEqual(150)
    expect(pauses[11]).toBeLessThanOrEqual(300)
  })

  it('applies what comes together in one write, and of a client the last', async () => {
    follower.start()
    await isFollowing()
    store.say('changed', 'a', 2)
    store.say('changed', 'b', 3)
    store.say('revoked', 'a', 4)
    await vi.waitFor(() => expect(follower.revision).toBe(4))
    expect(applied).toEqual([
      [
        ['b', client],
        ['a', null],
      ],
    ])
    expect(told).toEqual(['back', 'lost', 'verify'])
  })

  it('catches up from the revision that it had when the store comes back', async () => {
    follower.start()
    await isFollowing()
    store.say('revoked', 'a', 7)
    await vi.waitFor(() => expect(follower.revision).toBe(7))
    store.isAway = true
    store.queue.end(new Error('cut'))
    await vi.waitFor(() => expect(store.asked.length).toBeGreaterThan(2), 5000)
    expect(follower.isAway).toBe(true)
    store.isAway = false
    await vi.waitFor(() => expect(follower.isAway).toBe(false), 10_000)
    expect(store.asked).toEqual([undefined, ...store.asked.slice(1).map(() => 7)])
    expect(told).toContain('back')
    expect(told.filter((each) => each === 'verify')).toHaveLength(1)
  })

  it('tries again what fails, those who have to go first, and lets nobody hold up the others', async () => {
    const refused = new WireGuardError('no config', { code: 'EINVAL' })
    let isGone = true
    failWith = (changes) => {
      if (changes.get('broken')) return refused
      if (isGone && changes.has('leaves')) return new WireGuardError('gone', { code: 'ENODEV' })
    }
    follower.start()
    await isFollowing()
    store.say('changed', 'broken', 2)
    store.say('changed', 'good', 3)
    store.say('revoked', 'leaves', 4)
    await vi.waitFor(() => expect(applied).toEqual([[['good', client]]]))
    expect(told.slice(3)).toEqual(['failed leaves', 'failed broken'])
    expect(follower.revision).toBe(1)
    isGone = false
    await vi.waitFor(() => expect(follower.revision).toBe(4))
    expect(applied[1]).toEqual([['leaves', null]])
    expect(follower.waiting).toBe(0)
  })

  it('verifies when it is due, and what was told before stands', async () => {
    follower.start()
    await isFollowing()
    store.queue.push({ type: 'due', revision: 2 })
    await vi.waitFor(() => expect(follower.revision).toBe(2))
    expect(told).toEqual(['back', 'lost', 'verify', 'verify'])
  })

  it('verifies until it could, and says once that changes were lost', async () => {
    const verify = vi.fn().mockRejectedValueOnce(new Error('away')).mockResolvedValue(true)
    follower = new StoreFollower(store, context({ verify }))
    follower.start()
    await vi.waitFor(() => expect(verify).toHaveBeenCalledTimes(2), 5000)
    // What was told since then is to be believed, also after a try that failed.
    expect(told.filter((each) => each === 'lost')).toHaveLength(1)
    // Meanwhile changes are applied.
    store.say('revoked', 'a', 9)
    await vi.waitFor(() => expect(follower.revision).toBe(9))
  })

  it('applies what is found by verifying with all care, and asks again for those who are left', async () => {
    const refused = new WireGuardError('no config', { code: 'EINVAL' })
    failWith = (changes) => (changes.get('broken') ? refused : undefined)
    const found = new Map([
      ['broken', client],
      ['leaves', null],
    ]) as ClientChanges
    const calls: boolean[] = []
    const verify: FollowerContext['verify'] = async (isAnew, apply) => {
      calls.push(isAnew)
      if (isAnew) apply(found)
      return !isAnew
    }
    follower = new StoreFollower(store, context({ verify }))
    follower.start()
    await vi.waitFor(() => expect(calls).toEqual([true, false]))
    await vi.waitFor(() => expect(applied).toEqual([[['leaves', null]]]))
    expect(told).toContain('failed broken')
  })

  it('waits no longer with those who are left when changes are lost, or the store is back', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    const verify = vi.fn<FollowerContext['verify']>(async () => false)
    follower = new StoreFollower(store, context({ verify }))
    follower.start()
    await vi.advanceTimersByTimeAsync(60_000)
    const tries = verify.mock.calls.length
    expect(tries).toBeLessThan(12)
    store.queue.push({ type: 'lost', revision: 2 })
    await vi.advanceTimersByTimeAsync(0)
    expect(verify.mock.calls.slice(tries).map(([isAnew]) => isAnew)).toEqual([true])
    await vi.advanceTimersByTimeAsync(60_000)
    const later = verify.mock.calls.length
    store.queue.end(new Error('cut'))
    await vi.advanceTimersByTimeAsync(1000)
    expect(told.filter((each) => each === 'back')).toHaveLength(2)
    expect(verify.mock.calls.length).toBeGreaterThan(later)
  })
})
