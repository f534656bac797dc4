import { describe, expect, it } from 'vitest'
import { type Peer, PeerRecord } from './device.js'
import { generatePresharedKey } from './key.js'

const bare: Peer = {
  publicKey: 'k',
  persistentKeepalive: 0,
  receivedBytes: 0n,
  transmittedBytes: 0n,
  allowedIPs: [],
  protocolVersion: 1,
}

describe('PeerRecord', () => {
  it('has the fields that it was given, and no others', () => {
    expect({ ...new PeerRecord(bare) }).toStrictEqual(bare)
    const full = {
      ...bare,
      presharedKey: generatePresharedKey(),
      endpoint: { address: '127.0.0.1', port: 1, family: 4 },
      lastHandshake: new Date(5),
    } as const
    expect({ ...new PeerRecord(full) }).toStrictEqual(full)
  })

  it.each([
    [0n, 0],
    [2n ** 53n - 1n, 2 ** 53 - 1],
    [2n ** 53n, '9007199254740992'],
    [2n ** 64n - 1n, '18446744073709551615'],
  ])('writes the counter %s as JSON', (counter, json) => {
    const peer = new PeerRecord({ ...bare, receivedBytes: counter, transmittedBytes: counter })
    const expected = { ...bare, receivedBytes: json, transmittedBytes: json }
    expect(JSON.parse(JSON.stringify([peer]))).toEqual([expected])
    expect(peer.receivedBytes, 'only in JSON').toBe(counter)
  })

  it('hides the preshared key in JSON', () => {
    const peer = new PeerRecord({ ...bare, presharedKey: generatePresharedKey() })
    expect(JSON.parse(JSON.stringify(peer))).toMatchObject({ presharedKey: '(hidden)' })
  })
})
