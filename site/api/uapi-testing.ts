/**
 * A fake daemon behind a real socket.
 *
 * @module @wgctrl/uapi/testing
 */
export * from '@wgctrl/uapi/testing'
