import { describe, expect, it } from 'vitest'
import { configPath } from './config-path.js'

describe('the field of a config that an attribute came from', () => {
  it.each([
    ['wgdevice.listen-port', 'listenPort'],
    ['wgdevice.fwmark', 'firewallMark'],
    ['wgdevice.private-key', 'privateKey'],
    ['wgdevice.flags', undefined],
    ['wgdevice.77', undefined],
    ['wgdevice.peers', undefined],
    ['wgdevice.peers[0]', 'peers[1700]'],
    ['wgdevice.peers[2].public-key', 'peers[1702].publicKey'],
    ['wgdevice.peers[2].persistent-keepalive-interval', 'peers[1702].persistentKeepalive'],
    ['wgdevice.peers[2].flags', 'peers[1702]'],
    ['wgdevice.peers[2].99', 'peers[1702]'],
    ['wgdevice.peers[2].allowedips', 'peers[1702]'],
    ['wgdevice.peers[2].allowedips[3].cidr-mask', 'peers[1702].allowedIPs[3]'],
    // The message begins within the networks of a peer.
    ['wgdevice.peers[0].allowedips[3]', 'peers[1700].allowedIPs[2343]'],
    ['ifinfo.mtu', undefined],
  ])('%s: %s', (attribute, path) => {
    expect(configPath(attribute, { firstPeer: 1700, firstAllowedIp: 2340 })).toBe(path)
  })
})
