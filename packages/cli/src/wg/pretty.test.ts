import type { Device, Peer } from '@wgctrl/types'
import { expect, it } from 'vitest'
import { prettyText } from './pretty.js'

const NOW = 1_700_000_000_000

function shown(peer: Partial<Peer>): string {
  const device: Device = {
    name: 'wg0',
    kind: 'userspace',
    listenPort: 0,
    firewallMark: 0,
    peers: [
      {
        publicKey: 'A',
        persistentKeepalive: 0,
        receivedBytes: 0,
        transmittedBytes: 0,
        allowedIPs: [],
        protocolVersion: 1,
        ...peer,
      },
    ],
  }
  return prettyText(device, { isColored: false, showsKeys: false, now: NOW })
}

it.each([
  [1, '1 B'],
  [1023, '1023 B'],
  [1024, '1.00 KiB'],
  // Ties, which printf(3) rounds to the even digit: 1.125, 1.375, 1.625, 1.875.
  [1152, '1.12 KiB'],
  [1408, '1.38 KiB'],
  [1664, '1.62 KiB'],
  [1920, '1.88 KiB'],
  [1029, '1.00 KiB'],
  [1024 ** 2 - 1, '1024.00 KiB'],
  [1024 ** 5, '1024.00 TiB'],
])('%i bytes are %s', (transmittedBytes, text) => {
  expect(shown({ transmittedBytes })).toContain(`transfer: 0 B received, ${text} sent\n`)
})

it.each([
  [0, 'Now'],
  [999, '1 second ago'],
  [1000, '1 second ago'],
  [60_000, '1 minute ago'],
  [90_061_000, '1 day, 1 hour, 1 minute, 1 second ago'],
  [2 * 365 * 86_400_000 + 2000, '2 years, 2 seconds ago'],
  [-1000, '(System clock wound backward; connection problems may ensue.)'],
])('a handshake %i milliseconds ago', (age, text) => {
  expect(shown({ lastHandshake: new Date(NOW - age) })).toContain(`latest handshake: ${text}\n`)
})
