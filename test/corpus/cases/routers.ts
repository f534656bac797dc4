import { type Cases, client } from '../case.js'

/** What routers and firewalls write, and what people write for them. */
export const routers: Cases = {
  'a router without addresses in its file': {
    text: `[Interface]
PrivateKey = {private}
ListenPort = 51820

[Peer]
# friendly name
PublicKey = {alice}
PresharedKey = {psk}
AllowedIPs = 10.30.0.2/32
`,
  },
  'a client of a box at home': {
    text: `[Interface]
PrivateKey = {private}
Address = 192.168.178.201/24
DNS = 192.168.178.1
DNS = fritz.example

[Peer]
PublicKey = {alice}
PresharedKey = {psk}
AllowedIPs = 192.168.178.0/24,0.0.0.0/0
Endpoint = vpn.example.org:51820
PersistentKeepalive = 25
`,
  },
  'the same, whose only name server is a domain': {
    text: client('Address = 10.0.0.2/24\nDNS = fritz.example'),
  },
  'two networks, tied': {
    text: `[Interface]
PrivateKey = {private}
ListenPort = 51820
Address = 192.168.10.1/24

[Peer]
PublicKey = {alice}
PresharedKey = {psk}
AllowedIPs = 192.168.20.0/24
Endpoint = vpn.example.org:51820
PersistentKeepalive = 25
`,
  },
  'its own address among the allowed': {
    text: client(
      'Address = 192.168.3.2/32',
      'AllowedIPs = 192.168.3.1/32,192.168.3.2/32,0.0.0.0/0\nEndpoint = 192.0.2.9:51820',
    ),
  },
  'a server by IPv6': {
    text: client(
      'Address = 10.20.1.2/32',
      'Endpoint = [2001:db8::9]:51820\nAllowedIPs = 10.20.0.0/16',
    ),
  },
  'everything in one line of addresses': {
    text: client(
      'Address=10.20.0.2/24,10.21.0.2/24,10.22.0.2/24,fd00:20::2/64,fd00:21::2/64,fd00:22::2/64',
    ),
  },
  'transfer networks with routes elsewhere': {
    text: `[Interface]
PrivateKey = {private}
ListenPort = 21001
Table = off
PostUp = ip addr add 172.20.0.1/32 peer 172.20.0.2/32 dev %i
PostUp = ip addr add fe80::1/64 dev %i

[Peer]
PublicKey = {alice}
Endpoint = 192.0.2.9:21001
AllowedIPs = 172.20.0.0/14, fd00::/8, fe80::/64
`,
  },
  'a tunnel of IPv6 alone': {
    text: client('Address = fd00:7::2/64', 'Endpoint = 192.0.2.9:51820\nAllowedIPs = ::/0'),
  },
  'a link-local address': {
    text: client(
      'Address = fe80::2/64',
      'Endpoint = 192.0.2.9:51820\nAllowedIPs = fe80::1/128, fd00:8::/48',
    ),
  },
  'networks for neighbours and groups': {
    text: client(
      'Address = 10.30.0.1/24',
      'AllowedIPs = 224.0.0.5/32, ff02::5/128, fe80::/10, 10.31.0.0/24',
    ),
  },
}
