import {
  type Connection,
  encodeGenlHeader,
  FamilyCache,
  GENL_HEADER,
  MESSAGE_HEADER,
  type MessageCursor,
  NETLINK,
  type ReplyOptions,
  type Writer,
} from '@wgctrl/netlink'
import { invalid, quoted, unsupported } from '@wgctrl/types'
import type { GroupSpec, OperationSpec, Spec } from '../spec/model.js'

/** How messages of a family stand on the wire: its numbers, and what is before the family's own bytes. */
export interface Wire {
  /** The netlink protocol. */
  readonly protocol: number
  /** Where the family's own bytes begin in a message. */
  readonly start: number
  /** Has `body` work with the number that the family has now. */
  use<T>(
    connection: Connection,
    options: ReplyOptions,
    body: (family: Numbers) => Promise<T>,
  ): Promise<T>
  /** Opens a request; returns what `closeMessage` takes. */
  openRequest(family: Numbers, operation: OperationSpec, flags: number, writer: Writer): number
  /** The number of the operation that a message is of. */
  commandOf(cursor: Pick<MessageCursor, 'type' | 'bytes' | 'start'>): number
  /** The number of a multicast group. */
  group(family: Numbers, group: GroupSpec): number
}

/** What the kernel gave a generic netlink family. */
export interface Numbers {
  readonly id: number
  readonly version: number
  readonly multicastGroups: Readonly<Record<string, number>>
}

export const wireOf = (spec: Spec): Wire =>
  spec.protocol === 'netlink-raw' ? rawWire(spec.protocolNumber ?? 0) : genericWire(spec.name)

const NONE: Numbers = { id: 0, version: 0, multicastGroups: {} }

function rawWire(protocol: number): Wire {
  return {
    protocol,
    start: MESSAGE_HEADER,
    use: (_, __, body) => body(NONE),
    openRequest: (_, operation, flags, writer) => writer.openMessage(operation.request ?? 0, flags),
    commandOf: ({ type }) => type,
    group(_, { name, value }) {
      if (value !== undefined) return value
      throw invalid('groups', `the spec does not say which number ${quoted(name)} has`)
    },
  }
}

function genericWire(name: string): Wire {
  const cache = new FamilyCache(name)
  return {
    protocol: NETLINK.generic,
    start: MESSAGE_HEADER + GENL_HEADER,
    use: (connection, options, body) => cache.use(connection, options, body),
    openRequest({ id, version }, operation, flags, writer) {
      const message = writer.openMessage(id, flags)
      encodeGenlHeader({ command: operation.request ?? 0, version }, writer)
      return message
    },
    commandOf: ({ bytes, start }) => bytes[start] as number,
    group({ multicastGroups }, { name: group }) {
      const number = multicastGroups[group]
      if (number !== undefined) return number
      throw unsupported(group, `this kernel's ${name} has no multicast group ${group}`)
    },
  }
}
