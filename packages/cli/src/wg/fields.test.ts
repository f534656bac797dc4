import type { Device } from '@wgctrl/types'
import { describe, expect, it } from 'vitest'
import { FIELDS } from './commands.js'
import { fieldText, isField } from './fields.js'
import { fieldValue } from './json.js'

const peer = (publicKey: string) => ({
  publicKey,
  persistentKeepalive: 0,
  receivedBytes: 0,
  transmittedBytes: 2 ** 64,
  exactBytes: { received: '0', transmitted: '18446744073709551615' },
  allowedIPs: ['10.0.0.1/32', 'fd00::1/128'],
  protocolVersion: 1,
})

const device: Device = {
  name: 'wg0',
  kind: 'userspace',
  listenPort: 7,
  firewallMark: 0,
  peers: [
    { ...peer('A'), endpoint: { address: '::1', port: 5, family: 6 } },
    { ...peer('B'), allowedIPs: [] },
  ],
}

describe('fields', () => {
  it('are the ones that the manual names', () => {
    for (const field of FIELDS) {
      expect(isField(field), field).toBe(true)
      expect(fieldValue(device, field), field).not.toBeUndefined()
    }
    expect(isField('toString')).toBe(false)
  })

  /** wg(8) of 2021 prints the name once, and not at the start of each line. */
  it('have the name of the device on each line when all are shown', () => {
    expect(fieldText(device, 'endpoints', true)).toBe('wg0\tA\t[::1]:5\nwg0\tB\t(none)\n')
    expect(fieldText(device, 'endpoints', false)).toBe('A\t[::1]:5\nB\t(none)\n')
  })

  it('separate networks as wg(8) does', () => {
    expect(fieldText(device, 'allowed-ips', false)).toBe('A\t10.0.0.1/32 fd00::1/128\nB\t(none)\n')
    expect(fieldText(device, 'dump', false)).toBe(
      '(none)\t(none)\t7\toff\n' +
        'A\t(none)\t[::1]:5\t10.0.0.1/32,fd00::1/128\t0\t0\t18446744073709551615\toff\n' +
        'B\t(none)\t(none)\t(none)\t0\t0\t18446744073709551615\toff\n',
    )
  })
})
