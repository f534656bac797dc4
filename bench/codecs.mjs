/**
 * The codecs without their I/O, which the packages do not give out: bundled from the sources, since
 * they are TypeScript. `bench.mjs` makes the bundle.
 */
import { root } from '../scripts/packages.mjs'

export const {
  Coalescer,
  peerBuilder,
  peerWriter,
  ReplyParser,
  toPeer,
  toUserspaceDevice,
  checkConfig,
  wipeConfig,
  toChange,
  packDevice,
  encodeSet,
} = await import(`${root}node_modules/.cache/wgctrl/bench/codecs.js`)
