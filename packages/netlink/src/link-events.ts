import { checkFields, checkSignal, refuseAborted } from '@wgctrl/types'
import { decodeMessages } from './codec/message.js'
import { type Link, toLink } from './link.js'
import { type MulticastEvents, openMulticast } from './multicast.js'
import type { Namespace } from './socket/namespace.js'
import { NETLINK } from './socket/socket.js'
import { RTM_LINK, RTNLGRP_LINK } from './specs/rt-link.js'

/**
 * What happened to links. `lost` says that events came faster than they were read and some are
 * gone: list the links again.
 */
export type LinkEvent = { type: 'changed' | 'deleted'; link: Link } | { type: 'lost' }

export interface LinkEventOptions {
  netns?: Namespace | undefined
  /** Ends the iteration with an `AbortError`. */
  signal?: AbortSignal | undefined
}

/**
 * Links that appear, change and go in a network namespace, from when this resolved. Leaving the loop,
 * or `return()`, ends the thread and closes the socket.
 *
 * @throws {NetlinkError} where netlink cannot be had
 */
export async function watchLinks(options: LinkEventOptions = {}): Promise<LinkEvents> {
  checkFields(options, 'options', { netns: true, signal: true })
  checkSignal(options.signal)
  refuseAborted(options.signal)
  return await openMulticast(
    { protocol: NETLINK.route, groups: [RTNLGRP_LINK], ...options },
    eventsOf,
  )
}

/** What {@link watchLinks} gives: events in order, for one reader. */
export type LinkEvents = MulticastEvents<LinkEvent>

function* eventsOf(datagram: Uint8Array | null): Generator<LinkEvent> {
  if (datagram === null) return yield { type: 'lost' }
  for (const message of decodeMessages(datagram)) {
    if (message.type === RTM_LINK.new) yield { type: 'changed', link: toLink(message) }
    if (message.type === RTM_LINK.delete) yield { type: 'deleted', link: toLink(message) }
  }
}
