import { type Cases, client } from '../case.js'

const dns = (value: string) => client(`Address = 10.20.0.2/24\nDNS = ${value}`)
const mtu = (value: string) => client(`Address = 10.20.0.2/24, fd00:20::2/64\nMTU = ${value}`)
const to = (...endpoints: string[]) =>
  client(
    'Address = 10.20.0.2/24',
    endpoints
      .map((endpoint, n) => `Endpoint = ${endpoint}\nAllowedIPs = 10.${30 + n}.0.0/16`)
      .join('\n\n[Peer]\nPublicKey = {bob}\n'),
  )
/** Another link, of another width. */
const side = (width: number, ...more: string[]) =>
  [
    `ip link add side mtu ${width} type veth peer name beyond mtu ${width}`,
    'ip link set side up; ip link set beyond up',
    'ip address add 198.51.100.2/24 dev side; ip address add 2001:db8:51::2/64 dev side',
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
  'a default route of two ways': {
    text: to('203.0.113.9:51820'),
    before: side(1400, 'ip route change default nexthop via 192.0.2.1 nexthop via 198.51.100.1'),
  },
}
