/**
 * A gateway as a service.
 *
 * @module @wgctrl/gateway
 */
export * from '@wgctrl/gateway'
