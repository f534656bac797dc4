import { decodeDone, decodeError, decodeMessages, NLMSG, wgDevice } from '@wgctrl/netlink'
import type { Target } from '../engine/fuzzer.js'
import { recordedReplies } from './recordings.js'
import { hold } from './text.js'

/** A request that the errors refer to: its attributes are named by their offset. */
const request = {
  bytes: Uint8Array.from(
    Buffer.from('1c00000022000501010000000000000000010000080002007767300000', 'hex'),
  ),
  set: wgDevice,
  start: 20,
}

/** Datagrams: headers, errors with extended acks, the end of dumps. */
export const netlinkMessage: Target = {
  name: 'netlink-message',
  words: [2, 3, 4].map((type) => Uint8Array.of(20, 0, 0, 0, type, 0, 0, 3)),
  seeds: recordedReplies,
  run(input) {
    for (const { type, flags, payload } of decodeMessages(input)) {
      hold(payload.length <= input.length, 'a payload is part of its datagram')
      if (type === NLMSG.error) decodeError(payload, 0, payload.length, flags, request)
      if (type === NLMSG.done) decodeDone(payload, 0, payload.length, flags, request)
    }
  },
}
