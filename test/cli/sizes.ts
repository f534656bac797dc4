/** Set by the tier that is asked for: as many cases as are worth a minute and more. */
export const isLong = process.env.WGCTRL_CLI === 'long'
