import { expect, it } from 'vitest'
import { parseWireEndpoint } from './endpoint.js'

it.each([
  ['127.0.0.1:51820', { address: '127.0.0.1', port: 51820, family: 4 }],
  ['127.0.0.1:0', { address: '127.0.0.1', port: 0, family: 4 }],
  ['[::1]:65535', { address: '::1', port: 65535, family: 6 }],
  ['[FE80:0::1%eth0]:1', { address: 'fe80::1', port: 1, family: 6, scopeId: 'eth0' }],
  ['[fe80::1%2]:1', { address: 'fe80::1', port: 1, family: 6, scopeId: 2 }],
  ['[fe80::1%0]:1', { address: 'fe80::1', port: 1, family: 6 }],
  ['[fe80::1%büro]:1', { address: 'fe80::1', port: 1, family: 6, scopeId: 'büro' }],
  ['[fe80::1%02]:1', { address: 'fe80::1', port: 1, family: 6, scopeId: '02' }],
  ['[::ffff:127.0.0.1]:5', { address: '::ffff:127.0.0.1', port: 5, family: 6 }],
])('%s', (text, endpoint) => {
  expect(parseWireEndpoint(text)).toEqual(endpoint)
})

it.each([
  ...['', ':', ':1', '127.0.0.1', '127.0.0.1:', '127.0.0.1:65536', '127.0.0.1:-1', '127.0.0.1:1x'],
  ...['127.0.0.1%lo:1', '127.0.0.256:1', '01.0.0.1:1', '1.2.3:1', '::1:1', '[::1]', '[::1]:'],
  ...['[127.0.0.1]:1', '[]:1', '[::1%]:1', '[::1%a]b]:1', 'localhost:1', '[::g]:1', ' 127.0.0.1:1'],
  '127.0.0.1:000001',
  ...['[fe80::1%a\u001b[2J]:1', '[fe80::1%a\tb]:1', '[fe80::1%a\u009b]:1', '[fe80::1%a\ufffd]:1'],
  ...['[fe80::1%a b]:1', '[fe80::1%a/b]:1', '[fe80::1%a\u202e]:1', '[fe80::1%4294967296]:1'],
  `[fe80::1%${'x'.repeat(16)}]:1`,
])('not %j', (text) => {
  expect(parseWireEndpoint(text)).toBeUndefined()
})
