/**
 * Devices of userspace implementations.
 *
 * @module @wgctrl/uapi
 */
export * from '@wgctrl/uapi'
