import { type Cases, client } from '../case.js'

const to = (endpoint: string, more = '') =>
  client('Address = 10.20.0.2/24', `Endpoint = ${endpoint}\nAllowedIPs = 10.20.0.0/16${more}`)
const device = (lines: string) => client(`Address = 10.20.0.2/24\n${lines}`)
const peer = (lines: string) =>
  client('Address = 10.20.0.2/24', `AllowedIPs = 10.20.0.0/16\n${lines}`)

/** Endpoints, keys, ports and times. */
export const peers: Cases = {
  'an endpoint by IPv6': { text: to('[2001:db8::9]:51820') },
  'an endpoint by IPv6 without brackets': { text: to('2001:db8::9:51820') },
  'an endpoint by IPv6 in capitals': { text: to('[2001:DB8::AB]:51820') },
  'an endpoint with a scope': { text: to('[fe80::9%uplink]:51820') },
  'an endpoint that holds another': {
    text: to('[::ffff:192.0.2.9]:51820'),
    differs: { reason: '`Endpoint = [::ffff:192.0.2.9]:51820`' },
  },
  'an endpoint by IPv4 in brackets': { text: to('[192.0.2.9]:51820') },
  'an endpoint by a name in brackets': { text: to('[vpn.example.org]:51820') },
  'an endpoint by a name in capitals': { text: to('VPN.Example.ORG:51820') },
  'an endpoint by a name of IPv6': { text: to('vpn6.example.org:51820') },
  'an endpoint by a name of both': { text: to('both.example.org:51820') },
  'an endpoint by a name that ends with a point': { text: to('vpn.example.org.:51820') },
  'an endpoint by a name that nobody has': { text: to('nobody.example.org:51820') },
  'an endpoint by a short address': { text: to('192.518:51820') },
  'an endpoint beyond 255': { text: to('192.0.2.256:51820') },
  'an endpoint without a port': { text: to('192.0.2.9') },
  'an endpoint with an empty port': { text: to('192.0.2.9:') },
  'an endpoint without a host': { text: to(':51820') },
  'an empty endpoint': { text: to('') },
  'an endpoint with a scheme': { text: to('http://192.0.2.9:51820') },
  'an endpoint with a space in it': { text: to('192.0.2.9 :51820') },
  'an endpoint with a port beyond 65535': {
    text: to('192.0.2.9:70000'),
    differs: { reason: 'a port beyond 65535', refused: /70000/ },
  },
  'an endpoint with a port by name': {
    text: to('192.0.2.9:domain'),
    differs: { reason: 'a port beyond 65535', refused: /domain/ },
  },
  'an endpoint with port 0': {
    text: to('192.0.2.9:0'),
    differs: { reason: 'an endpoint with port 0', refused: /192\.0\.2\.9:0/ },
  },
  'an endpoint of this machine': { text: to('127.0.0.1:51899') },
  'an endpoint twice, of which the last one counts': {
    text: to('192.0.2.9:51820', '\nEndpoint = 192.0.2.10:51821'),
  },
  'an endpoint inside the tunnel': { text: to('10.20.0.9:51820') },
  'a keepalive': { text: peer('PersistentKeepalive = 25') },
  'a keepalive that is off': { text: peer('PersistentKeepalive = off') },
  'a keepalive of zero': { text: peer('PersistentKeepalive = 0') },
  'a keepalive with a unit': { text: peer('PersistentKeepalive = 25s') },
  'a keepalive of 65536': { text: peer('PersistentKeepalive = 65536') },
  'an empty keepalive': { text: peer('PersistentKeepalive =') },
  'a preshared key of zeros': {
    text: peer('PresharedKey = AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='),
  },
  'an empty preshared key': { text: peer('PresharedKey =') },
  'a key that is too short': { text: device('').replace('{private}', 'AAAA') },
  'a key with bits behind its end': {
    text: device('').replace('{private}', 'yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBml='),
  },
  'a key of hexadecimal digits': { text: device('').replace('{private}', 'c8'.repeat(32)) },
  'no private key': { text: device('').replace('PrivateKey = {private}\n', '') },
  'an empty private key': { text: device('').replace('{private}', '') },
  'a peer without a key': { text: device('').replace('PublicKey = {alice}\n', '') },
  'a peer whose key comes last': {
    text: `[Interface]\nPrivateKey = {private}\nAddress = 10.20.0.1/24\n[Peer]\nAllowedIPs = 10.20.0.2/32\nPersistentKeepalive = 5\nPublicKey = {alice}\n`,
  },
  'a port': { text: device('ListenPort = 51831') },
  'port 0': { text: device('ListenPort = 0') },
  'a port beyond 65535': {
    text: device('ListenPort = 65536'),
    differs: { reason: 'a port beyond 65535', refused: /65536/ },
  },
  'an empty port': { text: device('ListenPort =') },
  'a port that is a word': { text: device('ListenPort = auto') },
  'two peers, two servers': {
    text: `${to('192.0.2.9:51820')}\n[Peer]\nPublicKey = {bob}\nEndpoint = [2001:db8::9]:51820\nAllowedIPs = 10.40.0.0/16\n`,
  },
  'a network that a later peer takes from an earlier one by a wider one': {
    text: `${to('192.0.2.9:51820')}\n[Peer]\nPublicKey = {bob}\nAllowedIPs = 10.0.0.0/8, 10.20.7.0/24\n`,
  },
}
