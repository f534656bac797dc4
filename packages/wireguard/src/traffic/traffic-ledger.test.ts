import { generatePrivateKey, type Peer, publicKey } from '@wgctrl/types'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TrafficLedger, type TrafficRecord } from './traffic-ledger.js'

const ALICE = publicKey(generatePrivateKey())
const BOB = publicKey(generatePrivateKey())

const peer = (key: string, received: number | bigint, transmitted: number | bigint): Peer => ({
  publicKey: key,
  persistentKeepalive: 0,
  receivedBytes: Number(received),
  transmittedBytes: Number(transmitted),
  ...(typeof received === 'bigint' && {
    exactBytes: { received: `${received}`, transmitted: `${transmitted}` },
  }),
  allowedIPs: [],
  protocolVersion: 1,
})

const device = (...peers: Peer[]) => ({ name: 'wg0', peers })
const bytes = (receivedBytes: number, transmittedBytes: number) => ({
  receivedBytes,
  transmittedBytes,
})

describe('TrafficLedger', () => {
  it('tells what came since the reading before', () => {
    const ledger = new TrafficLedger()
    expect(ledger.update(device(peer(ALICE, 10, 20), peer(BOB, 0, 0)))).toEqual([
      { publicKey: ALICE, ...bytes(10, 20) },
    ])
    expect(ledger.update(device(peer(ALICE, 10, 25), peer(BOB, 1, 0)))).toEqual([
      { publicKey: ALICE, ...bytes(0, 5) },
      { publicKey: BOB, ...bytes(1, 0) },
    ])
    expect(ledger.update(device(peer(ALICE, 10, 25), peer(BOB, 1, 0)))).toEqual([])
    expect(ledger.total(ALICE)).toEqual(bytes(10, 25))
    expect(ledger.total('nobody')).toEqual(bytes(0, 0))
  })

  it.each([
    ['both went back', peer(ALICE, 3, 4), bytes(103, 204)],
    ['one went back', peer(ALICE, 150, 4), bytes(250, 204)],
    ['the other went back', peer(ALICE, 3, 250), bytes(103, 450)],
  ])('counts anew when %s', (_, now, total) => {
    const ledger = new TrafficLedger()
    ledger.update(device(peer(ALICE, 100, 200)))
    ledger.update(device(now))
    expect(ledger.total(ALICE)).toEqual(total)
  })

  it('counts all of a peer that was away, whatever it has when it comes again', () => {
    const ledger = new TrafficLedger()
    ledger.update(device(peer(ALICE, 100, 200)))
    ledger.update(device())
    ledger.update(device(peer(ALICE, 150, 250)))
    expect(ledger.total(ALICE)).toEqual(bytes(250, 450))
    ledger.removed('wg0', [ALICE])
    ledger.update(device(peer(ALICE, 150, 250)))
    expect(ledger.total(ALICE)).toEqual(bytes(400, 700))
    ledger.removed('wg0')
    ledger.update(device(peer(ALICE, 150, 250)))
    expect(ledger.total(ALICE)).toEqual(bytes(550, 950))
  })

  it('adds up one key on several devices', () => {
    const ledger = new TrafficLedger()
    ledger.update({ name: 'wg0', peers: [peer(ALICE, 1, 2)] })
    ledger.update({ name: 'wg1', peers: [peer(ALICE, 10, 20)] })
    ledger.update({ name: 'wg0', peers: [peer(ALICE, 2, 2)] })
    expect(ledger.totals()).toEqual(new Map([[ALICE, bytes(12, 22)]]))
    ledger.forget(ALICE)
    expect(ledger.totals()).toEqual(new Map())
  })

  it('is exact above what a number holds', () => {
    const ledger = new TrafficLedger()
    ledger.update(device(peer(ALICE, 2n ** 64n - 1n, 0n)))
    ledger.update(device(peer(ALICE, 2n ** 63n, 1n)))
    const sum = 2n ** 64n - 1n + 2n ** 63n
    expect(ledger.total(ALICE).exactBytes).toEqual({ received: `${sum}`, transmitted: '1' })
    const again = new TrafficLedger(JSON.parse(JSON.stringify(ledger)))
    expect(again.total(ALICE)).toEqual(ledger.total(ALICE))
  })

  it('never goes down and counts every byte once, however often it starts again', () => {
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('traffic'),
        received: fc.nat(1000),
        transmitted: fc.nat(1000),
      }),
      fc.record({ kind: fc.constantFrom('read', 'remove', 'restart') }),
    )
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        let ledger = new TrafficLedger()
        let counters = { received: 0, transmitted: 0 }
        const sent = { received: 0, transmitted: 0 }
        const read = () =>
          ledger.update(device(peer(ALICE, counters.received, counters.transmitted)))
        for (const one of steps) {
          if ('received' in one) {
            counters.received += one.received
            counters.transmitted += one.transmitted
            sent.received += one.received
            sent.transmitted += one.transmitted
          } else if (one.kind === 'restart') {
            ledger = new TrafficLedger(structuredClone(ledger.toJSON()))
          } else {
            const before = ledger.total(ALICE)
            read()
            expect(ledger.total(ALICE)).toEqual(bytes(sent.received, sent.transmitted))
            expect(ledger.total(ALICE).receivedBytes).toBeGreaterThanOrEqual(before.receivedBytes)
            if (one.kind === 'read') continue
            ledger.removed('wg0', [ALICE])
            counters = { received: 0, transmitted: 0 }
          }
        }
      }),
    )
  })

  it.each([
    ['record.version', { version: 2, totals: {}, devices: {} }],
    ['record.totals', { version: 1, devices: {} }],
    ['record.totals.a', { version: 1, totals: { a: ['1'] }, devices: {} }],
    ['record.totals.a', { version: 1, totals: { a: ['1', '-1'] }, devices: {} }],
    ['record.devices', { version: 1, totals: {}, devices: [] }],
    ['record.devices.wg0.a', { version: 1, totals: {}, devices: { wg0: { a: [1, 2] } } }],
  ])('refuses %s', (path, record) => {
    expect(() => new TrafficLedger(record as unknown as TrafficRecord)).toThrow(
      expect.objectContaining({ code: 'EINVAL', path }),
    )
  })
})
