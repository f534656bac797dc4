import {
  type AttributeSet,
  addressAttributes,
  attributePath,
  ctrl,
  decode,
  encode,
  extendedAckAttributes,
  linkAttributes,
  locate,
  routeAttributes,
  ruleAttributes,
  slotsFor,
  unknownAttributes,
  Writer,
  wgDevice,
} from '@wgctrl/netlink'
import type { Target } from '../engine/fuzzer.js'
import { recordedReplies } from './recordings.js'
import { hold } from './text.js'

/** Every attribute set of the package: the first byte of an input chooses one. */
const sets: AttributeSet[] = [
  wgDevice,
  linkAttributes,
  addressAttributes,
  routeAttributes,
  ruleAttributes,
  ctrl,
  extendedAckAttributes,
]

/** Where the attributes of a message of each set begin, header included. */
const starts = [20, 32, 24, 28, 28, 20, 36]

export const netlinkAttributes: Target = {
  name: 'netlink-attributes',
  words: [1, 2, 3, 8, 9, 18].map((type) => Uint8Array.of(8, 0, type, 128)),
  seeds: () =>
    sets.flatMap((_, index) =>
      recordedReplies().map((reply) => Uint8Array.of(index, ...reply.subarray(starts[index]))),
    ),
  run(input) {
    const set = sets[(input[0] ?? 0) % sets.length] as AttributeSet
    attributePath(set, input, 1, input.length, input.length >> 1)
    const record = attempt(() => decode(set, input, 1))
    const slots = attempt(() => {
      const found = slotsFor(set)
      locate(set, input, 1, input.length, found)
      return found
    })
    // decode looks into nests as well; what it takes, locate takes.
    hold(record === undefined || slots !== undefined, 'both decoders take the same lengths')
    for (const place of slots ?? []) hold(place <= input.length, 'a payload is part of its message')
    if (record === undefined) return
    for (const { payload } of unknownAttributes(record)) {
      hold(payload.length < input.length, 'an unknown attribute is part of its message')
    }
    const writer = new Writer()
    attempt(() => encode(set, record, writer))
  },
}

function attempt<T>(body: () => T): T | undefined {
  try {
    return body()
  } catch (error) {
    if (['EPROTO', 'EINVAL'].includes((error as { code: string }).code)) return undefined
    throw error
  }
}
