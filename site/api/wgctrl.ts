/**
 * What most programs need: `open()`, and all that it leads to.
 *
 * @module wgctrl
 */
export * from 'wgctrl'
