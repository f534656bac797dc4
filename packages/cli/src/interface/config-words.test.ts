import { describe, expect, it } from 'vitest'
import { parseConfig } from 'wgctrl'
import { configWords } from './config-words.js'

const section = (line: string) => parseConfig(`[Interface]\n${line}\n`).interface

describe('options that stand for keys of a file', () => {
  it.each([
    '10.0.0.1, corp.example',
    '10.0.0.1 fd00::1,corp.example home.arpa',
    'fe80::1%eth0',
    '1.2.3',
    '10.example',
  ])('read DNS %s as a file does', (dns) => {
    expect(configWords.dns({ dns })).toEqual(section(`DNS = ${dns}`).dns)
  })

  it.each(['1420', '1', '2147483647'])('read MTU %s as a file does', (mtu) => {
    expect(configWords.mtu({ mtu })).toBe(section(`MTU = ${mtu}`).mtu)
  })

  it.each(['10.0.0.7/24, fd00::7/64', '10.0.0.7', '10.0.0.7/255.255.0.0'])(
    'read Address %s as a file does',
    (address) => {
      expect(configWords.addresses({ address })).toEqual(section(`Address = ${address}`).addresses)
    },
  )

  it('read a keepalive and networks as a file does', () => {
    expect(configWords.keepalive({ keepalive: '25' })).toBe(25)
    expect(configWords.keepalive({ keepalive: 'off' })).toBe(0)
    const networks = { allowedIps: '10.1.2.3/8, ::/0' }
    expect(configWords.networks(networks, 'allowedIps')).toEqual(['10.0.0.0/8', '::/0'])
  })

  it.each([
    ['--mtu', () => configWords.mtu({ mtu: '0x10' })],
    ['--mtu', () => configWords.mtu({ mtu: '2147483648' })],
    ['--keepalive', () => configWords.keepalive({ keepalive: '65536' })],
    ['--address', () => configWords.addresses({ address: '10.0.0' })],
    ['--allowed-ips', () => configWords.networks({ allowedIps: 'x' }, 'allowedIps')],
    ['--dns', () => configWords.dns({ dns: '' })],
  ])('that cannot be say which, and what they take: %s', (flag, call) => {
    expect(call).toThrow(new RegExp(`^${flag}: (expected|a value must) .*, got "`))
  })

  it('that were not given have no value', () => {
    expect(configWords.dns({})).toBeUndefined()
  })
})
