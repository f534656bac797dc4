import { type Cases, client } from '../case.js'

const bob = 'TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0='
const keeping = (lines = '') => client(`Address = 10.20.0.2/24\nSaveConfig = true${lines}`)

/** SaveConfig, and files that are edited while the interface is up. */
export const saves: Cases = {
  'nothing changed': { text: keeping() },
  'a peer came': { text: keeping(), between: `wg set wg0 peer ${bob} allowed-ips 10.20.9.0/24` },
  'a peer went': { text: keeping(), between: 'wg set wg0 peer "$(wg show wg0 peers)" remove' },
  'a peer changed': {
    text: keeping(),
    between: 'wg set wg0 peer "$(wg show wg0 peers)" persistent-keepalive 15 endpoint 192.0.2.10:1',
  },
  'a port and a mark came': { text: keeping(), between: 'wg set wg0 listen-port 4444 fwmark 0x20' },
  'an address came': { text: keeping(), between: 'ip address add 10.21.0.2/24 dev wg0' },
  'an MTU changed that was given': {
    text: keeping('\nMTU = 1400'),
    between: 'ip link set mtu 1333 dev wg0',
  },
  'an MTU changed that was not': { text: keeping(), between: 'ip link set mtu 1333 dev wg0' },
  'a table and hooks stay': {
    text: keeping('\nTable = 77\nPostUp = echo "%i # up" >> "$RESOLVCONF_LOG"\nPreDown = true'),
  },
  'false, the word': {
    text: client('Address = 10.20.0.2/24\nSaveConfig = false'),
    between: `wg set wg0 peer ${bob} allowed-ips 10.20.9.0/24`,
  },
  'true in capitals': { text: client('Address = 10.20.0.2/24\nSaveConfig = TRUE') },
  'neither true nor false': { text: client('Address = 10.20.0.2/24\nSaveConfig = yes') },
  'a key that became wrong meanwhile': {
    text: client('Address = 10.20.0.2/24'),
    edited: client('Address = 10.20.0.2/24', 'AllowedIPs = 10.20.0.0/16\nEndpoint = 192.0.2.9'),
  },
  'a line that became unknown meanwhile': {
    text: client('Address = 10.20.0.2/24'),
    edited: client('Address = 10.20.0.2/24\nNobody = knows'),
  },
  'a network that came twice meanwhile': {
    text: client('Address = 10.20.0.2/24'),
    edited: `${client('Address = 10.20.0.2/24')}\n[Peer]\nPublicKey = {bob}\nAllowedIPs = 10.20.0.0/16\n`,
  },
  'hooks that came meanwhile': {
    text: client('Address = 10.20.0.2/24'),
    edited: client('Address = 10.20.0.2/24\nPostDown = echo late >> "$RESOLVCONF_LOG"'),
  },
  'everything, gone meanwhile from the file': {
    text: client('Address = 10.20.0.2/24', 'AllowedIPs = 0.0.0.0/0\nEndpoint = 192.0.2.9:51820'),
    edited: client('Address = 10.20.0.2/24'),
  },
  'a peer that came while it was up': {
    text: client('Address = 10.20.0.2/24'),
    between: `wg set wg0 peer ${bob} allowed-ips 10.20.9.0/24`,
  },
  'a route that came while it was up': {
    text: client('Address = 10.20.0.2/24'),
    between: 'ip route add 10.99.0.0/16 dev wg0',
  },
}
