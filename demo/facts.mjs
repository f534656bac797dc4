import { execFileSync } from 'node:child_process'
import { amount } from './say.mjs'

/**
 * What the API says of a device with one peer, and what wg(8) says of it, fact by fact.
 *
 * @param {import('wgctrl').WireGuard} wg
 * @param {string} name
 * @param {string} namespace where wg(8) looks
 * @returns {Promise<{ rows: string[][], peer: import('wgctrl').Peer }>}
 */
export async function compareWithWg(wg, name, namespace) {
  const device = await wg.device(name)
  const [peer] = device.peers
  if (!peer) throw new Error(`${name} has no peer`)
  const [deviceLine = '', peerLine = ''] = wgDump(name, namespace)
  const [, publicKey, port] = deviceLine.split('\t')
  const [peerKey, , endpoint, allowedIPs, handshake, received, sent] = peerLine.split('\t')
  const ours = peer.endpoint ? `${peer.endpoint.address}:${peer.endpoint.port}` : '(none)'
  const rows = [
    ['made by', device.kind, ''],
    ['public key', device.publicKey ?? '(none)', publicKey],
    ['listen port', String(device.listenPort), port],
    ['peer', peer.publicKey, peerKey],
    ['endpoint', ours, endpoint],
    ['allowed IPs', peer.allowedIPs.join(','), allowedIPs],
    ['last handshake', age(seconds(peer.lastHandshake)), age(Number(handshake))],
    ['received', amount(peer.receivedBytes), amount(Number(received ?? 0))],
    ['sent', amount(peer.transmittedBytes), amount(Number(sent ?? 0))],
  ]
  return { rows: rows.map((row) => row.map(String)), peer }
}

/**
 * @param {string} name
 * @param {string} namespace
 */
function wgDump(name, namespace) {
  const args = ['netns', 'exec', namespace, 'wg', 'show', name, 'dump']
  return execFileSync('ip', args, { encoding: 'utf8' }).trimEnd().split('\n')
}

/**
 * wg(8) shows whole seconds.
 *
 * @param {Date | undefined} time
 */
function seconds(time) {
  return time ? Math.floor(time.getTime() / 1000) : 0
}

/** @param {number} time seconds since 1970; 0: never */
function age(time) {
  return time > 0 ? `${Math.floor(Date.now() / 1000) - time} s ago` : 'never'
}
