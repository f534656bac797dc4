import type { Backend } from '@wgctrl/types'
import { UserspaceBackend, type UserspaceOptions } from '@wgctrl/uapi'

/** What reads devices that have a socket; a file of its own, as most of it is sockets and text. */
export function openUserspace(options: UserspaceOptions): Backend {
  return new UserspaceBackend(options)
}
