/** What the packages do not give out, bundled from the sources as `codecs.mjs` is. */
import { root } from '../../scripts/packages.mjs'

export const { Responder, sealInitiation, stampMac1, installation } = await import(
  `${root}node_modules/.cache/wgctrl/bench/parts.js`
)
