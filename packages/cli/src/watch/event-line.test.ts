import { type Peer, WireGuardError } from '@wgctrl/types'
import { describe, expect, it } from 'vitest'
import type { WatchEvent } from 'wgctrl'
import { eventJson, eventLine } from './event-line.js'

const KEY = Buffer.alloc(32, 1).toString('base64')
const at = new Date('2026-01-02T03:04:05Z')
const endpoint = { address: '2001:db8::7', port: 51820, family: 6 } as const
const peer: Peer = {
  publicKey: KEY,
  endpoint,
  persistentKeepalive: 0,
  receivedBytes: 2 ** 60,
  transmittedBytes: 5,
  exactBytes: { received: (2n ** 60n).toString(), transmitted: '5' },
  allowedIPs: ['10.0.0.2/32', '10.1.0.0/16'],
  protocolVersion: 1,
}
const of = { device: 'wg0', publicKey: KEY }

const lines: [WatchEvent, string][] = [
  [{ type: 'device-added', device: 'wg0' }, 'wg0: added'],
  [{ type: 'device-renamed', device: 'wg1', from: 'wg0' }, 'wg1: renamed from wg0'],
  [
    {
      type: 'device-failed',
      device: 'wg0',
      code: 'ETIMEDOUT',
      error: new WireGuardError('no answer', { code: 'ETIMEDOUT' }),
    },
    'wg0: cannot be read: no answer',
  ],
  [
    { ...of, type: 'peer-added', peer },
    `wg0: peer ${KEY} (alice): added, endpoint [2001:db8::7]:51820, allowed IPs 10.0.0.2/32 10.1.0.0/16`,
  ],
  [{ ...of, type: 'peer-removed', peer }, `wg0: peer ${KEY} (alice): removed`],
  [
    { ...of, type: 'peer-changed', peer, fields: ['allowedIPs', 'presharedKey'] },
    `wg0: peer ${KEY} (alice): changed allowedIPs, presharedKey`,
  ],
  [
    { ...of, type: 'peer-roamed', endpoint },
    `wg0: peer ${KEY} (alice): endpoint (none) to [2001:db8::7]:51820`,
  ],
  [
    { ...of, type: 'peer-handshake', at },
    `wg0: peer ${KEY} (alice): handshake at 2026-01-02T03:04:05.000Z`,
  ],
  [
    {
      ...of,
      type: 'peer-transfer',
      received: 2048,
      transmitted: 10,
      receiveRate: 1024,
      transmitRate: 5,
      duration: 2000,
    },
    `wg0: peer ${KEY} (alice): received 2.0 KiB (1.0 KiB/s), sent 10 B (5 B/s)`,
  ],
]

describe('an event', () => {
  for (const [event, line] of lines) {
    it(`is one line: ${event.type}`, () => {
      expect(eventLine(event, () => 'alice')).toBe(line)
    })
  }

  it('goes by the key where a peer has no name', () => {
    expect(eventLine({ ...of, type: 'peer-removed', peer }, () => undefined)).toContain(
      `peer ${KEY}: removed`,
    )
  })

  it('is JSON without losing a byte of a counter', () => {
    const json = JSON.parse(eventJson({ ...of, type: 'peer-added', peer }, at))
    expect(json).toMatchObject({
      time: '2026-01-02T03:04:05.000Z',
      type: 'peer-added',
      device: 'wg0',
      peer: {
        exactBytes: { received: (2n ** 60n).toString(), transmitted: '5' },
        transmittedBytes: 5,
      },
    })
    const code = 'ETIMEDOUT'
    const error = new WireGuardError('no answer', { code })
    const failed = { type: 'device-failed', device: 'wg0', code, error } as const
    expect(JSON.parse(eventJson(failed, at)).error).toEqual({
      name: 'WireGuardError',
      message: 'no answer',
      code,
    })
  })
})
