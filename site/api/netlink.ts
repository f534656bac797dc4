/**
 * Devices of the Linux kernel, and the netlink library that reaches them.
 *
 * @module @wgctrl/netlink
 */
export * from '@wgctrl/netlink'
