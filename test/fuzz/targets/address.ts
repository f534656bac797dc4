import { isIP } from 'node:net'
import { formatAddress, formatCidr, parseAddress, parseCidr } from '@wgctrl/types'
import type { Target } from '../engine/fuzzer.js'
import { bytes, hold, text } from './text.js'

/** Addresses and networks. Node's own reader is the judge of what an address is. */
export const address: Target = {
  name: 'address',
  words: ['::', ':', '.', '/', '0', 'ffff', '255', '::ffff:1.2.3.4', '/128', '%'],
  seeds: () =>
    bytes('192.0.2.1', '2001:db8::1', '::', '::ffff:192.0.2.1', '10.0.0.0/8', 'fe80::/10', '1::/0'),
  run(input) {
    const given = text(input)
    const ip = parseAddress(given)
    hold(
      (ip?.family ?? 0) === (given.includes('%') ? 0 : isIP(given)),
      'what Node takes, and no more',
    )
    if (ip) {
      const canonical = formatAddress(ip.family, ip.bytes)
      const again = parseAddress(canonical)
      hold(again !== undefined && Buffer.compare(again.bytes, ip.bytes) === 0, 'format, then parse')
    }
    const cidr = parseCidr(given)
    hold(formatCidr(parseCidr(formatCidr(cidr))) === formatCidr(cidr), 'one text for one network')
  },
}
