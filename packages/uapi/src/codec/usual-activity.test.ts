import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toActivity, toPeer } from '../map/device.js'
import { bare, linesOf, number, peer } from './peer-lines.fixture.js'
import type { WirePeer } from './reply.js'
import { ReplyParser } from './reply-parser.js'

/** The peers of a reply, which comes in chunks of so many bytes. */
function read(lines: string, isActivity: boolean, size = lines.length + 100): WirePeer[] {
  const parser = new ReplyParser({ isActivity })
  const reply = Buffer.from(`listen_port=1\n${lines}errno=0\n\n`)
  const peers: WirePeer[] = []
  for (let at = 0; at < reply.length; at += size) {
    peers.push(...parser.push(reply.subarray(at, at + size)))
  }
  parser.end()
  return peers
}

describe('usualActivity', () => {
  it('reads what `usualPeer` reads, without networks and secrets, wherever a reply is cut', () => {
    const size = fc.integer({ min: 1, max: 2000 })
    fc.assert(
      fc.property(fc.array(peer, { maxLength: 8 }), number, size, (list, time, chunk) => {
        const lines = list.map((one) => linesOf(one, time)).join('')
        const device = { listenPort: 1, fwmark: 0 }
        const whole = read(lines, false).map((wire) => {
          const { publicKey, receivedBytes, transmittedBytes, lastHandshake } = toPeer(wire, device)
          const activity = { publicKey, receivedBytes, transmittedBytes }
          return lastHandshake ? { ...activity, lastHandshake } : activity
        })
        const lean = read(lines, true, chunk).map((wire) => toActivity(wire, device))
        expect(lean).toStrictEqual(whole)
      }),
      { numRuns: 100 },
    )
  })

  it('looks at no secret, endpoint or network of a peer that is as most are', () => {
    const one = { ...bare, psk: Buffer.alloc(32, 9), endpoint: '10.0.0.1:1' }
    const lines = linesOf({ ...one, networks: ['10.0.0.0/8', 'fd00::/64'] })
    const [wire] = read(lines, true)
    expect(wire).toMatchObject({ publicKey: bare.key.toString('base64'), allowedIps: [] })
    expect(wire).not.toHaveProperty('presharedKey')
    expect(wire).not.toHaveProperty('endpoint')
  })

  it('leaves to the parser what is of another form', () => {
    const [wire] = read(`${linesOf(bare)}later=1\n`, true)
    expect(wire?.publicKey).toBe(bare.key.toString('base64'))
  })
})
