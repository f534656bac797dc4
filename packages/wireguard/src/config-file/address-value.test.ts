import { describe, expect, it } from 'vitest'
import { readAllowedIP, readEndpoint, readInterfaceAddress } from './address-value.js'

describe('readAllowedIP', () => {
  const plain = { remove: false, incremental: false, hadHostBits: false }

  it.each<[string, object]>([
    ['10.0.0.2', { cidr: '10.0.0.2/32' }],
    ['10.0.0.0/24', { cidr: '10.0.0.0/24' }],
    ['10.0.0.7/24', { cidr: '10.0.0.0/24', hadHostBits: true }],
    ['10.0.0.0/024', { cidr: '10.0.0.0/24' }],
    ['0.0.0.0/0', { cidr: '0.0.0.0/0' }],
    ['FD00::1', { cidr: 'fd00::1/128' }],
    ['::/0', { cidr: '::/0' }],
    ['::ffff:1.2.3.4/96', { cidr: '::ffff:0.0.0.0/96', hadHostBits: true }],
    ['+10.0.0.2', { cidr: '10.0.0.2/32', incremental: true }],
    ['-10.0.0.2/32', { cidr: '10.0.0.2/32', incremental: true, remove: true }],
  ])('reads %s', (text, expected) => {
    expect(readAllowedIP(text)).toStrictEqual({ ...plain, ...expected })
  })

  it.each([
    '',
    '10.0.0',
    '10.0.0.256',
    '010.0.0.1',
    '10.0.0.1/',
    '10.0.0.1/33',
    '::/129',
    '10.0.0.1/+5',
    '10.0.0.1/-1',
    '10.0.0.1/24/5',
    '10.0.0.1/99999999999999999999',
    '+-10.0.0.1',
    '++10.0.0.1',
    '1::2::3',
    '[::1]',
    '10.0.0.1/2４',
  ])('refuses %j', (text) => {
    expect(readAllowedIP(text)).toBeUndefined()
  })
})

describe('readInterfaceAddress', () => {
  it('keeps the bits of the host', () => {
    expect(readInterfaceAddress('10.0.0.7/24')).toBe('10.0.0.7/24')
    expect(readInterfaceAddress('FD00::7/64')).toBe('fd00::7/64')
  })

  it('takes an address without prefix length as a host', () => {
    expect(readInterfaceAddress('10.0.0.7')).toBe('10.0.0.7/32')
    expect(readInterfaceAddress('fd00::7')).toBe('fd00::7/128')
  })

  it('takes a mask in dots, as ip(8) does', () => {
    for (let length = 0; length <= 32; length++) {
      const bits = '1'.repeat(length).padEnd(32, '0')
      const mask = [0, 8, 16, 24].map((at) => Number.parseInt(bits.slice(at, at + 8), 2)).join('.')
      expect(readInterfaceAddress(`10.20.0.2/${mask}`)).toBe(`10.20.0.2/${length}`)
    }
  })

  it.each([
    '',
    '10.0.0.1/33',
    '+10.0.0.1',
    'eth0',
    '10.0.0.1/255.0.255.0',
    '10.0.0.1/255.255.255',
    '10.0.0.1/0.0.0.255',
    'fd00::1/255.255.0.0',
  ])('refuses %j', (text) => {
    expect(readInterfaceAddress(text)).toBeUndefined()
  })
})

describe('readEndpoint', () => {
  const v4 = (address: string, port: number) => ({ address, port, family: 4 })
  const v6 = (address: string, port: number) => ({ address, port, family: 6 })

  it.each<[string, object]>([
    ['192.0.2.1:51820', v4('192.0.2.1', 51820)],
    ['[192.0.2.1]:51820', v4('192.0.2.1', 51820)],
    ['192.0.2.1:+053', v4('192.0.2.1', 53)],
    ['127.1:9', v4('127.0.0.1', 9)],
    ['127.0.1:9', v4('127.0.0.1', 9)],
    ['0x7f.1:9', v4('127.0.0.1', 9)],
    ['017700000001:9', v4('127.0.0.1', 9)],
    ['2130706433:9', v4('127.0.0.1', 9)],
    ['4294967295:9', v4('255.255.255.255', 9)],
    ['010.0.0.1:9', v4('8.0.0.1', 9)],
    ['[2001:DB8::1]:1', v6('2001:db8::1', 1)],
    ['2001:db8::1:1', v6('2001:db8::1', 1)],
    ['::1:9', v6('::1', 9)],
    ['[::ffff:192.0.2.1]:1', v4('192.0.2.1', 1)],
    ['::ffff:192.0.2.1:1', v4('192.0.2.1', 1)],
    ['[fe80::1%eth0]:1', { ...v6('fe80::1', 1), scopeId: 'eth0' }],
    ['fe80::1%2:1', { ...v6('fe80::1', 1), scopeId: 2 }],
    ['vpn.example.net:51820', { host: 'vpn.example.net', port: 51820 }],
    ['[vpn.example.net]:51820', { host: 'vpn.example.net', port: 51820 }],
    ['3com.example:1', { host: '3com.example', port: 1 }],
  ])('reads %s', (text, expected) => {
    expect(readEndpoint(text)).toStrictEqual(expected)
  })

  it.each([
    '',
    '192.0.2.1',
    '192.0.2.1:',
    ':51820',
    '[]:51820',
    '[::1]',
    '[::1]:',
    '[::1]51820',
    '[::1',
    '192.0.2.1:0',
    '192.0.2.1:65536',
    '192.0.2.1:-1',
    '192.0.2.1:domain',
    '192.0.2.1%eth0:1',
    '192.0.2.256:1',
    '1.2.3.4.5:1',
    '256.1:1',
    '1.16777216:1',
    '4294967296:1',
    '08.1:1',
    '1::2::3:1',
    'a b:1',
    '-x:1',
    'bücher.example:1',
  ])('refuses %j', (text) => {
    expect(readEndpoint(text)).toBeUndefined()
  })
})
