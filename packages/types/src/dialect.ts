import type { WireGuardDialect } from './amnezia.js'
import type { CheckedConfig } from './checked-config.js'
import { unsupported } from './errors.js'

/** Refuses lines for a daemon where there is none. @throws {WireGuardError} `EUNSUPPORTED` with `feature` `extra` */
export function refuseExtra(config: CheckedConfig): void {
  const at = config.peers.findIndex((peer) => peer.extra !== undefined)
  if (config.extra === undefined && at < 0) return
  const field = config.extra === undefined ? `peers[${at}].extra` : 'extra'
  throw unsupported('extra', `${field} is for userspace devices: the kernel has no keys of text`)
}

/**
 * Refuses what devices of plain WireGuard cannot have, before anything is sent.
 *
 * @throws {WireGuardError} `EUNSUPPORTED` with `feature` `amneziawg`
 */
export function refuseForeign(config: CheckedConfig, dialect: WireGuardDialect): void {
  if (dialect === 'amneziawg') return
  const at = config.peers.findIndex((peer) => peer.persistentKeepaliveRange !== undefined)
  const isEmpty = Object.keys(config.amnezia ?? {}).length === 0
  if (isEmpty && at < 0) return
  const field = isEmpty ? `peers[${at}].persistentKeepaliveRange` : 'amnezia'
  throw unsupported(
    'amneziawg',
    `${field} is of AmneziaWG: open its devices with dialect 'amneziawg'`,
  )
}
