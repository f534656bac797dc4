import { formatEndpoint } from '@wgctrl/types'
import { formatAge, formatBytes, formatRate } from './format.js'
import type { FrameOptions } from './frame.js'
import { HISTORY } from './peer-activity.js'
import { stateOfPeer } from './ranking.js'
import type { Row } from './rows.js'
import { sparkline } from './sparkline.js'
import { cut, styled } from './style.js'

/** All there is to know of one peer; `undefined`: it is gone. */
export function detailLines(row: Row | undefined, options: FrameOptions): string[] {
  if (!row) return [cut('this peer is no more', options.columns)]
  const { columns } = options
  const lines = entries(row, options).map(([title, text]) => cut(`${title}: ${text}`, columns))
  const bars = sparkline(
    row.peer.history,
    Math.max(1, Math.min(HISTORY, columns)),
    options.hasUnicode,
  )
  return [styled(cut(row.name, columns), 'bold', options), ...lines, styled(bars, 'cyan', options)]
}

function entries({ device, publicKey, peer }: Row, { now }: FrameOptions): [string, string][] {
  const { endpoint, allowedIPs, persistentKeepalive, presharedKey } = peer.peer
  const handshake = peer.lastHandshake
  return [
    ['device', device],
    ['public key', publicKey],
    ['state', stateOfPeer(peer, now)],
    ['endpoint', endpoint ? formatEndpoint(endpoint) : 'none'],
    [
      'last handshake',
      handshake
        ? `${handshake.toISOString()}, ${formatAge(now - handshake.getTime())} ago`
        : 'never',
    ],
    ['received', `${formatBytes(peer.received)}, ${formatRate(peer.receiveRate)}`],
    ['sent', `${formatBytes(peer.transmitted)}, ${formatRate(peer.transmitRate)}`],
    ['keepalive', persistentKeepalive > 0 ? `every ${persistentKeepalive} s` : 'off'],
    ['preshared key', presharedKey ? 'yes' : 'no'],
    ['allowed IPs', allowedIPs.length > 0 ? allowedIPs.join(', ') : 'none'],
  ]
}
