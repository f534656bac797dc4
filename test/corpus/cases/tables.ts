import { type Cases, client } from '../case.js'

const table = (name: string, networks = '10.30.0.0/16, fd00:30::/32') =>
  client(
    `Address = 10.20.0.2/24, fd00:20::2/64\nTable = ${name}`,
    `Endpoint = 192.0.2.9:51820\nAllowedIPs = ${networks}`,
  )
const full = (lines: string) =>
  client(
    `Address = 10.20.0.2/24, fd00:20::2/64\n${lines}`,
    'Endpoint = 192.0.2.9:51820\nAllowedIPs = 0.0.0.0/0, ::/0',
  )

/** Tables, marks, and what is there before. */
export const tables: Cases = {
  'a number': { text: table('1234') },
  'a number, and everything': { text: table('1234', '0.0.0.0/0, ::/0') },
  'a hexadecimal number': { text: table('0x4d2') },
  'the largest number': { text: table('4294967295') },
  'a number that is too large': { text: table('4294967296') },
  'a number with a leading zero': {
    text: table('010'),
    differs: { reason: '`MTU = 0x500`', refused: /010/ },
  },
  'the main one': { text: table('main') },
  'the main one by its number': { text: table('254') },
  'the main one, and everything': { text: table('main', '0.0.0.0/0') },
  'the one of addresses': { text: table('local') },
  'the one for the rest': { text: table('default') },
  'a name that nobody has': { text: table('nobody') },
  off: { text: table('off') },
  'off, and everything': { text: table('off', '0.0.0.0/0, ::/0') },
  auto: { text: table('auto') },
  'auto, and everything': { text: table('auto', '0.0.0.0/0, ::/0') },
  'auto in capitals': { text: table('AUTO') },
  'a negative number': { text: table('-1') },
  'two words': { text: table('12 34') },
  'a mark': { text: client('Address = 10.20.0.2/24\nFwMark = 1234') },
  'a hexadecimal mark': { text: client('Address = 10.20.0.2/24\nFwMark = 0xca6c') },
  'a mark with a leading zero': { text: client('Address = 10.20.0.2/24\nFwMark = 010') },
  'a mark that is off': { text: client('Address = 10.20.0.2/24\nFwMark = off') },
  'a mark that is no number': { text: client('Address = 10.20.0.2/24\nFwMark = wg') },
  'a mark that is too large': { text: client('Address = 10.20.0.2/24\nFwMark = 0x100000000') },
  'a mark, and everything': { text: full('FwMark = 1234') },
  'a hexadecimal mark, and everything': { text: full('FwMark = 0xca6c') },
  'the largest mark, and everything': { text: full('FwMark = 0xffffffff') },
  'a mark that is off, and everything': { text: full('FwMark = off') },
  'a mark, a table, and everything': { text: full('FwMark = 1234\nTable = 77') },
  'the usual table taken by a route': {
    text: full(''),
    before: 'ip route add 198.51.100.0/24 via 192.0.2.1 table 51820',
  },
  'the usual table taken by IPv6': {
    text: full(''),
    before: 'ip -6 route add 2001:db8:5::/48 via 2001:db8::1 table 51820',
  },
  'the usual table named by a rule': {
    text: full(''),
    before: 'ip rule add from 198.51.100.7 table 51820',
    differs: { reason: 'The search for a free table also passes' },
  },
  'rules of another tunnel': {
    text: full(''),
    before:
      'ip rule add from all fwmark 0x80000/0xff0000 lookup main priority 5210; ip rule add from all lookup 52 priority 5270',
  },
  'another rule that holds back defaults': {
    text: full(''),
    before: 'ip rule add table main suppress_prefixlength 1 priority 100',
  },
  'a route that is there': {
    text: table('auto', '10.30.0.0/16'),
    before: 'ip route add 10.30.0.0/16 via 192.0.2.1',
  },
  'the checks of marks switched on before': {
    text: full(''),
    before: 'sysctl -qw net.ipv4.conf.all.src_valid_mark=1',
  },
  'no default route': { text: full(''), before: 'ip route del default; ip -6 route del default' },
  'IPv6 switched off for the interface': {
    text: client('Address = 10.20.0.2/24, fd00:20::2/64'),
    before: 'sysctl -qw net.ipv6.conf.default.disable_ipv6=1',
  },
  'IPv6 switched off, and everything of IPv4': {
    text: client('Address = 10.20.0.2/24', 'Endpoint = 192.0.2.9:51820\nAllowedIPs = 0.0.0.0/0'),
    before: 'sysctl -qw net.ipv6.conf.default.disable_ipv6=1',
  },
  'an interface of that name': {
    text: full(''),
    before: 'ip link add wg0 type veth peer name wg0-other',
  },
}
