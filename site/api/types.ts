/**
 * The vocabulary that all packages share.
 *
 * @module @wgctrl/types
 */
export * from '@wgctrl/types'
