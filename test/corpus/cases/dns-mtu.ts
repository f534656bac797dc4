import { type Cases, client } from '../case.js'

const dns = (value: string) => client(`Address = 10.20.0.2/24\nDNS = ${value}`)
const mtu = (value: string) => client(`Address = 10.20.0.2/24, fd00:20::2/64\nMTU = ${value}`)
const to = (...endpoints: string[]) =>
  client(
    'Address = 10.20.0.2/24',
    endpoints
      .map((endpoint, n) => `Endpoint = ${endpoint}\nAllowedIPs = 10.${30 + n}.0.0/16`)
      .reduce((above, peer, n) => `${above}\n\n[Peer]\nPublicKey = {${others[n - 1]}}\n${peer}`),
  )
const others = ['bob', 'carol']
/** Another link, of another width. */
const side = (width: number, ...more: string[]) =>
  [
    `ip link add side mtu ${width} type veth peer name beyond mtu ${width}`,
    'ip link set side up; ip link set beyond up',
    'ip address add 198.51.100.2/24 dev side; ip address add 2001:db8:51::2/64 dev side',
    ...more,
  ].join('\n')

/** Another tunnel. */
const outer = (width: number, ...more: string[]) =>
  [
    // It sets a width of its own before it answers.
    'wireguard-go wg1 2>/dev/null; wg show wg1 >/dev/null',
    `ip link set wg1 mtu ${width} up`,
    'ip address add 10.99.0.2/24 dev wg1; ip address add fd00:99::2/64 dev wg1',
    ...more,
  ].join('\n')

const unusable = '`DNS = *.corp.example`'

/** Name servers, and the MTU. */
export const dnsAndMtu: Cases = {
  'one name server': { text: dns('10.20.0.1') },
  'name servers of both families': { text: dns('10.20.0.1, fd00:20::1') },
  'a server and domains to search': { text: dns('10.20.0.1, corp.example, lab.example') },
  'domains before the server': { text: dns('corp.example, 10.20.0.1') },
  'domains alone': { text: dns('corp.example') },
  'several lines of name servers': { text: dns('10.20.0.1\nDNS = 10.20.0.3\nDNS = corp.example') },
  'a name server of one link': { text: dns('fe80::1%wg0') },
  'a server with a port': {
    text: dns('10.20.0.1:53'),
    differs: { reason: unusable, refused: /10\.20\.0\.1:53/ },
  },
  'a pattern of domains': {
    text: dns('10.20.0.1, *.corp.example'),
    differs: { reason: unusable, refused: /\*\.corp/ },
  },
  'an address of the web': {
    text: dns('https://dns.example/query'),
    differs: { reason: unusable, refused: /https/ },
  },
  'a server in brackets': {
    text: dns('[fd00::1]'),
    differs: { reason: unusable, refused: /\[fd00::1\]/ },
  },
  'a server of three numbers': {
    text: dns('1.1.1'),
    differs: { reason: unusable, refused: /1\.1\.1/ },
  },
  'an MTU': { text: mtu('1380') },
  'the least MTU of IPv6': { text: mtu('1280') },
  'an MTU below what IPv6 takes, with IPv4 alone': {
    text: client('Address = 10.20.0.2/24\nMTU = 1000'),
  },
  'a large MTU': { text: mtu('9000') },
  'an MTU of zero': { text: mtu('0') },
  'an MTU that is a word': { text: mtu('auto') },
  'an MTU with a unit': { text: mtu('1400b') },
  'a hexadecimal MTU': {
    text: mtu('0x500'),
    differs: { reason: '`MTU = 0x500`', refused: /0x500/ },
  },
  'an MTU with a leading zero': {
    text: mtu('01400'),
    differs: { reason: '`MTU = 0x500`', refused: /01400/ },
  },
  'a negative MTU': { text: mtu('-1') },
  'the way of the server': { text: to('192.0.2.9:51820') },
  'the way of a server by IPv6': { text: to('[2001:db8::9]:51820') },
  'a narrow way': { text: to('198.51.100.9:51820'), before: side(1400) },
  'a narrow way by IPv6': { text: to('[2001:db8:51::9]:51820'), before: side(1400) },
  'a wide way by IPv6 beside the usual one': {
    text: to('[2001:db8:51::9]:51820'),
    before: side(9000),
  },
  'two ways, of which the narrow one counts': {
    text: to('192.0.2.9:51820', '198.51.100.9:51820'),
    before: side(1400),
  },
  'two ways of both families': {
    text: to('192.0.2.9:51820', '[2001:db8:51::9]:51820'),
    before: side(1380),
  },
  'a wide way': { text: to('198.51.100.9:51820'), before: side(9000) },
  'a way that is as narrow as it may be': { text: to('198.51.100.9:51820'), before: side(1300) },
  'a route with a width of its own': {
    text: to('198.51.100.9:51820'),
    before: 'ip route add 198.51.100.0/24 via 192.0.2.1 mtu 1300',
  },
  'a route by IPv6 with a width of its own': {
    text: to('[2001:db8:51::9]:51820'),
    before: 'ip -6 route add 2001:db8:51::/64 via 2001:db8::1 mtu 1300',
  },
  'a server that cannot be reached': {
    text: to('198.51.100.9:51820'),
    before: 'ip route add unreachable 198.51.100.0/24',
  },
  'no server, and a default route': {
    text: client('Address = 10.20.0.2/24', 'AllowedIPs = 10.30.0.0/16'),
  },
  'no server, and no default route': {
    text: client('Address = 10.20.0.2/24', 'AllowedIPs = 10.30.0.0/16'),
    before: 'ip route del default',
  },
  'no server, and a default route with a width': {
    text: client('Address = 10.20.0.2/24', 'AllowedIPs = 10.30.0.0/16'),
    before: 'ip route change default via 192.0.2.1 mtu 1350',
  },
  'a server in another table': {
    text: to('198.51.100.9:51820'),
    before: side(
      1400,
      'ip route del 198.51.100.0/24',
      'ip route add 198.51.100.0/24 dev side table 77',
      'ip rule add to 198.51.100.0/24 table 77',
    ),
  },
  'a server by IPv6 in another table': {
    text: to('[2001:db8:51::9]:51820'),
    before: side(
      1400,
      'ip -6 route del 2001:db8:51::/64',
      'ip -6 route add 2001:db8:51::/64 dev side table 77',
      'ip -6 rule add to 2001:db8:51::/64 table 77',
    ),
  },
  'a way of its own for the mark': {
    text: client(
      'Address = 10.20.0.2/24\nFwMark = 7',
      'Endpoint = 203.0.113.9:51820\nAllowedIPs = 10.30.0.0/16',
    ),
    before: side(
      1400,
      'ip route add default via 198.51.100.1 table 77',
      'ip rule add fwmark 7 table 77',
    ),
    differs: { reason: 'The MTU: of several ways the narrowest counts' },
  },
  // Of ways that are not equally wide the kernel takes one by a number that it draws when it boots.
  'a default route of two ways': {
    text: to('203.0.113.9:51820'),
    before: side(1400, 'ip route change default nexthop via 198.51.100.1 nexthop via 198.51.100.2'),
  },
  'a network of two ways with a width': {
    text: to('203.0.113.9:51820'),
    before: side(
      1400,
      'ip route add 203.0.113.0/24 mtu 1340 nexthop via 198.51.100.1 nexthop via 192.0.2.1',
    ),
  },
  'a route with a width that is locked': {
    text: to('198.51.100.9:51820'),
    before: 'ip route add 198.51.100.0/24 via 192.0.2.1 mtu lock 1300',
    differs: { reason: 'The MTU: of several ways the narrowest counts' },
  },
  'a server behind a blackhole': {
    text: to('198.51.100.9:51820'),
    before: 'ip route add blackhole 198.51.100.0/24',
  },
  'a server that is prohibited, beside one that is not': {
    text: to('198.51.100.9:51820', '[2001:db8:51::9]:51820'),
    before: side(1400, 'ip route del 198.51.100.0/24', 'ip route add prohibit 198.51.100.0/24'),
  },
  'a server that a table throws on': {
    text: to('198.51.100.9:51820'),
    before: side(
      1400,
      'ip route add throw 198.51.100.0/24 table 77',
      'ip rule add table 77 priority 100',
    ),
  },
  'a server that is this machine': { text: to('192.0.2.2:51820') },
  'three servers behind ways of three widths': {
    text: to('192.0.2.9:51820', '203.0.113.9:51820', '[2001:db8:51::9]:51820'),
    before: side(1400, 'ip route add 203.0.113.0/24 via 192.0.2.1 mtu 1360'),
  },
  'a server behind another tunnel': {
    text: to('198.51.100.9:51820'),
    before: outer(1380, 'ip route add 198.51.100.0/24 dev wg1'),
  },
  'a server behind the default route of another tunnel': {
    text: to('198.51.100.9:51820', '[2001:db8:51::9]:51820'),
    before: outer(
      1380,
      'for family in -4 -6; do ip $family route add default dev wg1 table 51900',
      'ip $family rule add not fwmark 51900 table 51900',
      'ip $family rule add table main suppress_prefixlength 0; done',
    ),
  },
  'everything, behind the default route of another tunnel': {
    text: client('Address = 10.20.0.2/24', 'Endpoint = 198.51.100.9:51820\nAllowedIPs = 0.0.0.0/0'),
    before: outer(
      1380,
      'ip route add default dev wg1 table 51900',
      'ip rule add not fwmark 51900 table 51900',
      'ip rule add table main suppress_prefixlength 0',
    ),
    differs: { reason: '`down` removes the `suppress_prefixlength` rule' },
  },
}
