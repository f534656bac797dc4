import { decode } from './codec/decode.js'
import { GENL_HEADER } from './codec/genl.js'
import type { Message } from './codec/message.js'
import type { Connection } from './connection.js'
import { NetlinkError, protocolError, recoded } from './errors.js'
import type { ReplyOptions } from './reply.js'
import { genlRequest } from './request.js'
import { CTRL_CMD, ctrl, GENL_ID_CTRL } from './specs/nlctrl.js'

/** A generic netlink family as this system has it. */
export interface GenlFamily {
  readonly name: string
  /** The message type; it can differ after every load of the module. */
  readonly id: number
  readonly version: number
  /** Bytes of the family's own header between genlmsghdr and the attributes. */
  readonly headerSize: number
  readonly maxAttribute: number
  readonly operations: readonly GenlOperation[]
  readonly multicastGroups: Readonly<Record<string, number>>
}

export interface GenlOperation {
  readonly id: number
  /** Bits of `ctrlOp.fields.flags.masks`. */
  readonly flags: number
}

/**
 * Looks a family up by name. The kernel loads the module that has it, if it can.
 *
 * @throws {NetlinkError} ENOENT when there is no such family
 */
export async function resolveFamily(
  connection: Connection,
  name: string,
  options: ReplyOptions = {},
): Promise<GenlFamily> {
  const request = genlRequest(GENL_ID_CTRL, CTRL_CMD.getFamily, 2, ctrl, { familyName: name })
  try {
    const [message] = await connection.request(request, { ...options, slow: true })
    if (message === undefined) throw protocolError(`nlctrl does not describe family ${name}`)
    return toFamily(message)
  } catch (error) {
    if (!(error instanceof NetlinkError) || error.code !== 'ENOENT') throw error
    throw recoded(error, 'ENOENT', `the kernel has no generic netlink family ${name}`)
  }
}

/** All families that are registered now. */
export async function listFamilies(
  connection: Connection,
  options: ReplyOptions = {},
): Promise<GenlFamily[]> {
  const request = genlRequest(GENL_ID_CTRL, CTRL_CMD.getFamily, 2, ctrl, {})
  return (await connection.dump(request, options)).map(toFamily)
}

function toFamily({ payload }: Message): GenlFamily {
  const { familyId, familyName, version, hdrsize, maxattr, ops, mcastGroups } = decode(
    ctrl,
    payload,
    GENL_HEADER,
  )
  if (familyId === undefined || familyName === undefined) {
    throw protocolError('nlctrl describes a family without id or name')
  }
  return {
    name: familyName,
    id: familyId,
    version: version ?? 0,
    headerSize: hdrsize ?? 0,
    maxAttribute: maxattr ?? 0,
    operations: (ops ?? []).map(({ id, flags }) => ({ id: id ?? 0, flags: flags ?? 0 })),
    multicastGroups: Object.fromEntries((mcastGroups ?? []).map(({ name, id }) => [name, id ?? 0])),
  }
}
