import { describe, expect, it } from 'vitest'
import { key } from './testing/config-text.js'
import {
  readBoolean,
  readFirewallMark,
  readKeepalive,
  readKey,
  readKeyText,
  readMtu,
  readPort,
  readTable,
} from './value.js'

type Case = [read: (text: string) => unknown, text: string, value: unknown]

describe('values', () => {
  it.each<Case>([
    [readPort, '0', 0],
    [readPort, '65535', 65535],
    [readPort, '007', 7],
    [readPort, '+5', 5],
    [readFirewallMark, 'off', 0],
    [readFirewallMark, 'OFF', 0],
    [readFirewallMark, '0', 0],
    [readFirewallMark, '0x0', 0],
    [readFirewallMark, '0xCaFe', 0xcafe],
    [readFirewallMark, '0xffffffff', 0xffffffff],
    [readFirewallMark, '010', 10],
    [readKeepalive, 'Off', 0],
    [readKeepalive, '025', 25],
    [readKeepalive, '65535', 65535],
    [readMtu, '1420', 1420],
    [readTable, 'off', 'off'],
    [readTable, 'Off', 'Off'],
    [readTable, 'auto', 'auto'],
    [readTable, 'main', 'main'],
    [readTable, '51820', 51820],
    [readTable, '0x10', 16],
    [readTable, '201.eth8', '201.eth8'],
    [readTable, '1a', '1a'],
    [readBoolean, 'TRUE', true],
    [readBoolean, 'false', false],
    [readKeyText, key(7), key(7)],
  ])('%o reads %s as %s', (read, text, value) => {
    expect(read(text)).toBe(value)
  })

  it.each<[(text: string) => unknown, ...string[]]>([
    [readPort, '', '-1', '65536', '70000', '0x10', '5a', 'domain', '1.5', '٣'],
    [readFirewallMark, '', '0x', '0X1', '4294967296', '0x100000000', '-1', '+1', 'oﬀ', 'none'],
    [readKeepalive, '', '65536', '-1', '+1', '0x10', 'on'],
    [readMtu, '0', '-1', '1e3', '2147483648', 'auto'],
    [readTable, '', '010', '4294967296', 'a b', '../a'],
    [readBoolean, '', 'yes', '1'],
    [readKey, '', key(7).slice(1), `${key(7)}=`, `${key(7).slice(0, 42)}x=`, '(hidden)'],
    [readKeyText, '', 'x'],
  ])('%o refuses what is none', (read, ...texts) => {
    for (const text of texts) expect(read(text), text).toBeUndefined()
  })

  it('gives a secret key as one', () => {
    expect(readKey(key(7))?.toBase64()).toBe(key(7))
    expect(`${readKey(key(7))}`).toBe('(hidden)')
  })
})
