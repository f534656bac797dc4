/**
 * Netlink families from the kernel's own specs.
 *
 * @module @wgctrl/ynl
 */
export * from '@wgctrl/ynl'
