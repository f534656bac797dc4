import { type Device, generatePrivateKey, publicKey, runAtOnce } from '@wgctrl/types'
import { describe, expect, it } from 'vitest'
import { UnansweredPeers } from './unanswered.js'

const [one, other, third] = Array.from({ length: 3 }, () => publicKey(generatePrivateKey())) as [
  string,
  string,
  string,
]
const endpoint = { address: '192.0.2.1', port: 7, family: 4 } as const
const installed = (key: string) => ({ publicKey: key, endpoint, peers: [{ publicKey: key }] })

/** A reading with peers, to which the device sent so much, and of which some have a handshake. */
const reading = (
  keys: readonly string[],
  answered: readonly string[] = [],
  transmittedBytes = 148 + 92,
): Device =>
  ({
    peers: keys.map((key) => ({
      publicKey: key,
      transmittedBytes,
      ...(answered.includes(key) && { lastHandshake: new Date() }),
    })),
  }) as unknown as Device

describe('UnansweredPeers', () => {
  it('tells by one reading who is due and has no handshake; who has one is not waited for any more', () => {
    const waiting = new UnansweredPeers()
    waiting.add(installed(one), 0)
    waiting.add(installed(other), 100)
    waiting.add(installed(third), 400)
    expect(waiting.dueAt).toBe(400)
    const left = runAtOnce(waiting.update(reading([one, other, third], [other]), 500))
    expect(left.map((peer) => peer.publicKey)).toEqual([one])
    expect([waiting.size, waiting.get(other)]).toEqual([2, undefined])
  })

  it('waits for nobody who is due and gone, and for those who are not due yet', () => {
    const waiting = new UnansweredPeers()
    waiting.add(installed(one), 0)
    waiting.add(installed(other), 300)
    expect(runAtOnce(waiting.update(reading([]), 500))).toEqual([])
    expect([waiting.get(one), waiting.get(other)?.publicKey]).toEqual([undefined, other])
  })

  it('has who is unfinished put in anew once, whether it has a handshake or not', () => {
    const waiting = new UnansweredPeers()
    waiting.add({ ...installed(one), isUnfinished: true }, 0)
    const answered = reading([one], [one])
    expect(runAtOnce(waiting.update(answered, 300))).toEqual([])
    const left = runAtOnce(waiting.update(answered, 500))
    expect(left.map((peer) => peer.publicKey)).toEqual([one])
    waiting.tryAgain(one, 500)
    runAtOnce(waiting.update(answered, 600))
    expect(waiting.size).toBe(0)
  })

  it.each([
    ['an initiation', 148],
    ['an answer', 92],
  ])('waits longer for who was sent %s alone, which may be answered yet', (_, bytes) => {
    const waiting = new UnansweredPeers()
    waiting.add(installed(one), 0)
    const sent = reading([one], [], bytes)
    expect(runAtOnce(waiting.update(sent, 500))).toEqual([])
    expect([waiting.dueAt, waiting.size]).toEqual([1000, 1])
    expect(runAtOnce(waiting.update(sent, 1000))).toHaveLength(1)
    waiting.tryAgain(one, 1000)
    expect([waiting.dueAt, waiting.size]).toEqual([2200, 1])
    expect(runAtOnce(waiting.update(sent, 2200))).toHaveLength(1)
  })

  it('puts in anew who was looked at for the first time when it was late already', () => {
    const waiting = new UnansweredPeers()
    waiting.add(installed(one), 0)
    expect(runAtOnce(waiting.update(reading([one], [], 148), 1500))).toHaveLength(1)
    expect(waiting.size).toBe(1)
  })

  it('waits longer for the next try, and for no third', () => {
    const waiting = new UnansweredPeers()
    waiting.add(installed(one), 0)
    waiting.tryAgain(one, 500)
    expect(waiting.dueAt).toBe(1700)
    waiting.tryAgain(one, 1800)
    expect([waiting.size, waiting.dueAt]).toEqual([0, Number.POSITIVE_INFINITY])
  })
})
