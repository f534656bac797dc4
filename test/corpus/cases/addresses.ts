import { type Cases, client } from '../case.js'

const allowing = (networks: string) =>
  client('Address = 10.20.0.2/24', `Endpoint = 192.0.2.9:51820\nAllowedIPs = ${networks}`)

/** Addresses and allowed networks. */
export const addresses: Cases = {
  'no address': { text: client('ListenPort = 51830') },
  'no address, and everything': {
    text: client('ListenPort = 51830', 'AllowedIPs = 0.0.0.0/0, ::/0\nEndpoint = 192.0.2.9:51820'),
  },
  'an address twice': { text: client('Address = 10.20.0.2/24\nAddress = 10.20.0.2/24') },
  'two addresses of one network': { text: client('Address = 10.20.0.2/24, 10.20.0.3/24') },
  'an address with two masks, and everything': {
    text: client('Address = 10.20.0.2/24, 10.20.0.2/16', 'AllowedIPs = 0.0.0.0/0'),
  },
  'an address with two masks': { text: client('Address = 10.20.0.2/24, 10.20.0.2/16') },
  'an address of this machine': { text: client('Address = 127.0.5.1/8') },
  'an address of the network of the link': { text: client('Address = 192.0.2.77/24') },
  'a mask of zero': { text: client('Address = 10.20.0.2/0') },
  'a mask with dots': { text: client('Address = 10.20.0.2/255.255.255.0') },
  'a mask of 33': { text: client('Address = 10.20.0.2/33') },
  'a mask of 129': { text: client('Address = fd00::2/129') },
  'a mask that is no number': { text: client('Address = 10.20.0.2/x') },
  'the address of a network': { text: client('Address = 10.20.0.0/24') },
  'the address for all of a network': { text: client('Address = 10.20.0.255/24') },
  'a short address': {
    text: client('Address = 10.21/16'),
    differs: { reason: '`Address = 10.21/16`', refused: /10\.21/ },
  },
  'an address with leading zeros': {
    text: client('Address = 010.021.000.001/24'),
    differs: { reason: '`Address = 10.21/16`', refused: /010\.021/ },
  },
  'an address beyond 255': { text: client('Address = 10.20.0.256/24') },
  'an address by name': { text: client('Address = vpn.example.org/24') },
  'an address in brackets': { text: client('Address = [fd00::2]/64') },
  'an address that holds another': { text: client('Address = ::ffff:10.20.0.2/120') },
  'an address in capitals': { text: client('Address = FD00:ABCD::2/64') },
  'an address that nothing has': { text: client('Address = 0.0.0.0/0') },
  'an address for a group': { text: client('Address = 224.0.0.5/32') },
  'six addresses': {
    text: client(
      'Address = 10.20.0.2/24, 10.20.0.3/32, 10.21.0.2/16, fd00::2/64, fd00::3/128, fd01::2/48',
    ),
  },
  'no networks': { text: client('Address = 10.20.0.2/24', 'Endpoint = 192.0.2.9:51820') },
  'an empty list of networks': { text: allowing('') },
  'the word for none': { text: allowing('(none)') },
  'networks with bits of hosts': { text: allowing('10.30.0.77/16, fd00:30::77/32') },
  'networks without a mask': { text: allowing('10.30.0.7, fd00:30::7') },
  'networks that lie in one another': {
    text: allowing('10.0.0.0/8, 10.30.0.0/16, 10.30.5.0/24, 10.30.5.5/32'),
  },
  'a network twice': { text: allowing('10.30.0.0/16, 10.30.0.0/16') },
  'both halves': { text: allowing('0.0.0.0/1, 128.0.0.0/1, ::/1, 8000::/1') },
  'everything and both halves': { text: allowing('0.0.0.0/0, 0.0.0.0/1, 128.0.0.0/1') },
  'a mask of zero with bits': { text: allowing('128.0.0.0/0') },
  'everything of IPv4': { text: allowing('0.0.0.0/0') },
  'everything of IPv6, without such an address': { text: allowing('::/0') },
  'everything, spelled otherwise': { text: allowing('::0/0, 0/0') },
  'networks to add': { text: allowing('+10.30.0.0/16, +10.31.0.0/16') },
  'networks to add and to remove': { text: allowing('10.30.0.0/16, 10.31.0.0/16, -10.30.0.0/16') },
  'a network to remove that is not there': { text: allowing('-10.30.0.0/16') },
  'a network that is given, taken and given': {
    text: client(
      'Address = 10.20.0.2/24',
      'AllowedIPs = 10.30.0.0/16\nAllowedIPs = -10.30.0.0/16\nAllowedIPs = +10.30.0.0/16',
    ),
  },
  'a dotted mask of a network': { text: allowing('10.30.0.0/255.255.0.0') },
  'a network with a mask of 33': { text: allowing('10.30.0.0/33') },
  'a short network': { text: allowing('10.30/16') },
  'a network by name': { text: allowing('vpn.example.org/32') },
  'networks run together': { text: allowing('10.30.0.0/1610.31.0.0/16') },
  'a range of addresses': { text: allowing('10.30.0.1-10.30.0.9') },
  'an asterisk': { text: allowing('*') },
  'the network of the link': { text: allowing('192.0.2.0/24') },
  'the network of the link by IPv6': { text: allowing('2001:db8::/64') },
  'the server itself': { text: allowing('192.0.2.9/32, 10.30.0.0/16') },
  'networks that nothing is sent to': { text: allowing('0.0.0.0/8, 127.0.0.0/8') },
  groups: { text: allowing('224.0.0.0/4, ff00::/8') },
  'sixty networks': {
    text: allowing(Array.from({ length: 60 }, (_, n) => `10.100.${n}.0/24`).join(', ')),
  },
}
