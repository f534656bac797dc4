/** What `codecs.mjs` gives to the measurements. */
export { peerWriter, toChange } from '../packages/netlink/src/map/config.js'
export { peerBuilder } from '../packages/netlink/src/map/device.js'
export { Coalescer } from '../packages/netlink/src/wireguard/coalescer.js'
export { packDevice } from '../packages/netlink/src/wireguard/pack.js'
export { checkConfig, wipeConfig } from '../packages/types/src/checked-config.js'
export { ReplyParser } from '../packages/uapi/src/codec/reply-parser.js'
export { encodeSet } from '../packages/uapi/src/codec/request.js'
export { toDevice as toUserspaceDevice, toPeer } from '../packages/uapi/src/map/device.js'
