/**
 * A device in memory.
 *
 * @module @wgctrl/types/testing
 */
export * from '@wgctrl/types/testing'
