/**
 * Stand-ins for the tests of programs that use wgctrl.
 *
 * @module wgctrl/testing
 */
export * from 'wgctrl/testing'
