/**
 * What the code needs that is made of a spec.
 *
 * @module @wgctrl/ynl/runtime
 */
export * from '@wgctrl/ynl/runtime'
