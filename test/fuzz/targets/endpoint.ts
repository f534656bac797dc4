import { formatEndpoint, isInterfaceName, isNamed, parseEndpoint } from '@wgctrl/types'
import type { Target } from '../engine/fuzzer.js'
import { bytes, hold, text } from './text.js'

/** Endpoints as text, and interface names. */
export const endpoint: Target = {
  name: 'endpoint',
  words: ['[', ']', '%', ':', '::1', '[fe80::1%', ']:', '.', '51820', '../', '\0', 'a-b.'],
  seeds: () =>
    bytes(
      '192.0.2.1:51820',
      '[2001:db8::1]:51820',
      '[fe80::1%eth0]:1',
      'vpn.example:65535',
      '..',
      'wg0',
    ),
  run(input) {
    const given = text(input)
    if (isInterfaceName(given)) {
      hold(/^[^/\0\s-][^/\0\s]{0,14}$/.test(given), 'no name is a path, an option or two words')
      hold(!given.startsWith('..') || given.length > 2, 'no name is a directory')
    }
    const parsed = parseEndpoint(given)
    if (isNamed(parsed)) {
      hold(/^[\w.-]+$/.test(parsed.host), 'a host name is one word')
      return
    }
    const again = parseEndpoint(formatEndpoint(parsed))
    hold(!isNamed(again) && formatEndpoint(again) === formatEndpoint(parsed), 'format, then parse')
  },
}
