import type { Option } from '../command.js'

export const FIREWALLS = ['auto', 'netlink', 'nft', 'iptables', 'off'] as const

export const firewall: Option = {
  flags: '--firewall <way>',
  summary:
    'what makes the rules of a default route: the kernel over netlink, the program nft or iptables, or nothing (off); auto, the default: netlink, else iptables',
  completes: FIREWALLS,
}
