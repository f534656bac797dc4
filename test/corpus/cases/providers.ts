import { type Cases, client } from '../case.js'

/** What commercial providers hand out; their servers are in documentation's networks here. */
export const providers: Cases = {
  'two families, one server, one name server': {
    text: client(
      'Address = 10.64.0.2/32,fd00:bbbb::2/128\nDNS = 10.64.0.1',
      'AllowedIPs = 0.0.0.0/0,::0/0\nEndpoint = 198.51.100.10:51820',
    ),
  },
  'a kill switch that asks wg(8) for the mark': {
    text: client(
      `Address = 10.64.0.2/32
PostUp = nft add table inet killswitch-%i; echo "mark $(wg show %i fwmark)" >> "$RESOLVCONF_LOG"
PreDown = nft delete table inet killswitch-%i`,
      'AllowedIPs = 0.0.0.0/0\nEndpoint = 198.51.100.10:51820',
    ),
  },
  'comments with names before the keys': {
    text: `[Interface]
# Bouncing = 0
# NetShield = 1
PrivateKey = {private}
Address = 10.2.0.2/32
DNS = 10.2.0.1

[Peer]
# CH#12
PublicKey = {alice}
AllowedIPs = 0.0.0.0/0
Endpoint = 198.51.100.11:51820
`,
  },
  'both families of addresses and of name servers': {
    text: client(
      'Address = 10.2.0.2/32, 2001:db8:a::2/128\nDNS = 10.2.0.1, 2001:db8:a::1',
      'AllowedIPs = 0.0.0.0/0, ::/0\nEndpoint = 198.51.100.11:51820\nPersistentKeepalive = 25',
    ),
  },
  'an address without a mask': {
    text: client(
      'Address = 10.9.144.7\nDNS = 10.0.0.243',
      'PersistentKeepalive = 25\nAllowedIPs = 0.0.0.0/0\nEndpoint = 198.51.100.12:1337',
    ),
  },
  'a listen port and two name servers': {
    text: client(
      'Address = 10.5.0.2/32\nListenPort = 51820\nDNS = 10.86.0.1, 10.99.0.1',
      'AllowedIPs = 0.0.0.0/0\nEndpoint = 198.51.100.13:51820',
    ),
  },
  'a server by its name': {
    text: client(
      'Address = 100.64.10.2/32\nDNS = 10.255.255.1',
      'PresharedKey = {psk}\nAllowedIPs = 0.0.0.0/0, ::/0\nEndpoint = vpn.example.org:443',
    ),
  },
  'an MTU, and a server by IPv6': {
    text: client(
      'Address = 10.128.0.2/32, fd7d:76ee::2/128\nMTU = 1320\nDNS = 10.128.0.1, fd7d:76ee::1',
      'PresharedKey = {psk}\nEndpoint = [2001:db8:b::1]:1637\nAllowedIPs = 0.0.0.0/0,::/0\nPersistentKeepalive = 15',
    ),
  },
  'a network of its own': {
    text: client(
      'Address = 10.14.0.2/16\nDNS = 10.14.0.1',
      'AllowedIPs = 0.0.0.0/0\nEndpoint = vpn.example.org:51820',
    ),
  },
  'two lines of addresses and of networks': {
    text: client(
      'Address = 172.16.0.2/32\nAddress = 2001:db8:110::2/128\nDNS = 198.51.100.1\nMTU = 1280',
      'AllowedIPs = 0.0.0.0/0\nAllowedIPs = ::/0\nEndpoint = vpn.example.org:2408',
    ),
  },
  'a key for bytes that servers look at': {
    text: client(
      'Address = 172.16.0.2/32',
      'AllowedIPs = 0.0.0.0/0\nEndpoint = 192.0.2.9:2408\nReserved = 1,2,3',
    ),
  },
  'keys that hide the protocol': {
    text: client('Address = 10.8.1.2/32\nJc = 4\nJmin = 40\nJmax = 70\nS1 = 50\nH1 = 1234567'),
  },
  'keys of a telephone': { text: client('Address = 10.8.1.2/32\nIncludedApplications = a, b') },
  'a list of networks that leaves out private ones': {
    text: client(
      'Address = 10.64.0.2/32\nDNS = 198.51.100.53',
      `AllowedIPs = 0.0.0.0/5, 8.0.0.0/7, 11.0.0.0/8, 12.0.0.0/6, 16.0.0.0/4, 32.0.0.0/3, 64.0.0.0/2, 128.0.0.0/3
Endpoint = 192.0.2.9:51820`,
    ),
  },
}
