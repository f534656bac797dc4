import type { WireGuardDialect } from '@wgctrl/types'
import { AWG_GENL_NAME, awgDevice } from '../specs/amneziawg.js'
import { WG_GENL_NAME, wgDevice } from '../specs/wireguard.js'
import type { DeviceSet } from './coalescer.js'

interface KernelDialect {
  /** Of the generic netlink family, of the kind of links and of the module. */
  readonly name: string
  /** For messages: what it is called, and with its article. */
  readonly title: string
  readonly article: string
  /** The attributes that a device has. */
  readonly set: DeviceSet
}

/** What the kernel has of each dialect. */
export const DIALECTS: Readonly<Record<WireGuardDialect, KernelDialect>> = {
  wireguard: { name: WG_GENL_NAME, title: 'WireGuard', article: 'a WireGuard', set: wgDevice },
  amneziawg: { name: AWG_GENL_NAME, title: 'AmneziaWG', article: 'an AmneziaWG', set: awgDevice },
}

/** The dialect that a generic netlink family speaks; another family with WireGuard's attributes speaks WireGuard. */
export const dialectOf = (family: string): KernelDialect =>
  family === AWG_GENL_NAME ? DIALECTS.amneziawg : DIALECTS.wireguard
