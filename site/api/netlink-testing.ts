/**
 * A fake kernel.
 *
 * @module @wgctrl/netlink/testing
 */
export * from '@wgctrl/netlink/testing'
