import type { Option } from '../command.js'

export const FIREWALLS = ['auto', 'netlink', 'nft', 'iptables', 'off'] as const

export const firewall: Option = {
  flags: '--firewall <way>',
  summary:
    "what makes firewall rules: netlink (the kernel's nf_tables, no program), nft, iptables or off; auto, the default: netlink, else iptables",
  completes: FIREWALLS,
}
