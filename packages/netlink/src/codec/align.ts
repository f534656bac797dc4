/** Netlink messages and attributes start on 4-byte boundaries. @source linux/netlink.h, NLMSG_ALIGNTO */
export const ALIGNMENT = 4

/** The next multiple of four. */
export const align = (length: number): number => (length + 3) & ~3
