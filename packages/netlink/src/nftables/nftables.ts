import { checkFields } from '@wgctrl/types'
import { BatchError } from '../batch.js'
import { decode } from '../codec/decode.js'
import { Connection } from '../connection.js'
import { NetlinkError, recoded } from '../errors.js'
import type { ReplyOptions } from '../reply.js'
import { fixedRequest } from '../request.js'
import type { Namespace } from '../socket/namespace.js'
import { NETLINK, openNetlinkSocket } from '../socket/socket.js'
import type { Transport } from '../socket/transport.js'
import { NFNL_SUBSYS, nfgenmsg } from '../specs/nfnetlink.js'
import {
  type Expression,
  NF_INET_HOOK,
  NF_VERDICT,
  NFPROTO,
  NFT_MSG,
  nftChainAttributes,
  nftGenerationAttributes,
  nftRuleAttributes,
  nftSetElementListAttributes,
  nftTableAttributes,
} from '../specs/nftables.js'
import {
  type ChainHook,
  changeRequest,
  changeText,
  FAMILY_NUMBERS,
  type TableChange,
  type TableFamily,
  type TableRef,
} from './changes.js'
import { decodeExpressions, type UnknownExpression } from './expressions.js'
import { checkChange, checkRef } from './input.js'
import { decodeComment } from './userdata.js'

/** A chain as it is in the kernel. */
export interface Chain extends TableRef {
  chain: string
  /** Absent: no hook leads to it. */
  base?: ChainHook & { policy: 'accept' | 'drop' }
}

/** A rule as it is in the kernel. */
export interface ChainRule extends TableRef {
  chain: string
  expressions: (Expression | UnknownExpression)[]
  comment?: string
}

/** What the kernel says that has no nf_tables, or no nfnetlink at all. @source net/netfilter/nfnetlink.c, nfnetlink_rcv_msg */
const MISSING = { nfTables: 'EINVAL', nfnetlink: 'EPROTONOSUPPORT' } as const

/** Bytes: 20,000 rules have less. A batch is one datagram, and the default has room for 500. */
const LARGEST_BATCH = 8 * 1024 * 1024

/**
 * The tables, chains and rules of nf_tables in one network namespace, over one socket: what nft(8) is for, without it.
 */
export class Nftables {
  readonly #connection: Connection

  constructor(transport: Transport) {
    this.#connection = new Connection(transport)
  }

  /** @throws {NetlinkError} `EUNSUPPORTED` when the kernel has no nf_tables */
  static async open(options: { netns?: Namespace | undefined } = {}): Promise<Nftables> {
    checkFields(options, 'options', { netns: true })
    const { netns } = options
    const nftables = new Nftables(
      await openNetlinkSocket({
        protocol: NETLINK.netfilter,
        netns,
        sendBufferSize: LARGEST_BATCH,
      }).catch(missing(MISSING.nfnetlink)),
    )
    try {
      await nftables.generation()
      return nftables
    } catch (error) {
      await nftables.close()
      throw error
    }
  }

  /**
   * How often the tables have changed, which every change adds to.
   *
   * @throws {NetlinkError} `EUNSUPPORTED` when the kernel has no nf_tables
   */
  async generation(options?: ReplyOptions): Promise<number> {
    const request = fixedRequest(NFT_MSG.getgen, 0, nfgenmsg, {}, nftGenerationAttributes, {})
    // It may load a module.
    const [message] = await this.#connection
      .request(request, { ...options, slow: true })
      .catch(missing(MISSING.nfTables))
    return message ? (decode(nftGenerationAttributes, message.payload, nfgenmsg.size).id ?? 0) : 0
  }

  /**
   * Makes all changes in their order, or none: to packets it is one moment.
   *
   * @throws {TypeError | RangeError | WireGuardError} `EINVAL` for a field that is none, and a value that it cannot have: nothing is sent
   * @throws {BatchError} `EEXIST` for a table that has to be new, `ENOENT` for what is not there, `EPERM`; `index`
   *   says which change was refused
   */
  async apply(changes: readonly TableChange[], options?: ReplyOptions): Promise<void> {
    for (const [at, change] of changes.entries()) checkChange(change, `changes[${at}]`)
    const requests = changes.map(changeRequest)
    try {
      await this.#connection.batch(requests, NFNL_SUBSYS.nftables, options)
    } catch (error) {
      const change = error instanceof BatchError && changes[error.index ?? -1]
      if (!change) throw error
      error.message = `${changeText(change)}: ${error.message}`
      throw error
    }
  }

  /** All tables. */
  async tables(options?: ReplyOptions): Promise<TableRef[]> {
    const request = fixedRequest(NFT_MSG.gettable, 0, nfgenmsg, {}, nftTableAttributes, {})
    const messages = await this.#connection.dump(request, options)
    return messages.map(({ payload }) => {
      const { name = '' } = decode(nftTableAttributes, payload, nfgenmsg.size)
      return { family: familyOf(payload), table: name }
    })
  }

  /** The chains of all tables, in the kernel's order. */
  async chains(options?: ReplyOptions): Promise<Chain[]> {
    const request = fixedRequest(NFT_MSG.getchain, 0, nfgenmsg, {}, nftChainAttributes, {})
    const messages = await this.#connection.dump(request, options)
    return messages.map(({ payload }) => toChain(payload))
  }

  /** The rules of all tables or one, in the kernel's order; none of a table that is not there. */
  async rules(ref: Partial<TableRef> = {}, options?: ReplyOptions): Promise<ChainRule[]> {
    checkRef(ref, {})
    const { family, table } = ref
    const header = { nfgenFamily: family === undefined ? NFPROTO.unspec : FAMILY_NUMBERS[family] }
    const request = fixedRequest(NFT_MSG.getrule, 0, nfgenmsg, header, nftRuleAttributes, { table })
    const messages = await this.#connection.dump(request, options)
    const rules = messages.map(({ payload }) => toRule(payload))
    return rules.filter(
      (rule) =>
        (family === undefined || rule.family === family) &&
        (table === undefined || rule.table === table),
    )
  }

  /** The keys of the elements of a set; those of ranges and concatenations as they are in a register. */
  async elements(ref: TableRef & { set: string }, options?: ReplyOptions): Promise<Uint8Array[]> {
    checkRef(ref, { family: Object.keys(FAMILY_NUMBERS), table: true, set: true })
    const { family, table, set } = ref
    const header = { nfgenFamily: FAMILY_NUMBERS[family] }
    const list = nftSetElementListAttributes
    const request = fixedRequest(NFT_MSG.getsetelem, 0, nfgenmsg, header, list, { table, set })
    const messages = await this.#connection.dump(request, options)
    return messages
      .flatMap(({ payload }) => decode(list, payload, nfgenmsg.size).elements?.elem ?? [])
      .flatMap(({ key }) => key?.value ?? [])
  }

  /** Ends the socket. */
  async close(): Promise<void> {
    await this.#connection.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

const missing =
  (code: string) =>
  (error: unknown): never => {
    if (!(error instanceof NetlinkError) || error.code !== code) throw error
    throw recoded(error, 'EUNSUPPORTED', 'this kernel has no nf_tables', { feature: 'nf_tables' })
  }

const FAMILIES = new Map(
  Object.entries(FAMILY_NUMBERS).map(([name, number]) => [number, name as TableFamily]),
)

const familyOf = (payload: Uint8Array): TableFamily => FAMILIES.get(payload[0] ?? 0) ?? 'netdev'

const HOOKS = Object.keys(NF_INET_HOOK) as (keyof typeof NF_INET_HOOK)[]

function toChain(payload: Uint8Array): Chain {
  const attributes = decode(nftChainAttributes, payload, nfgenmsg.size)
  const { table = '', name = '', type, hook, policy } = attributes
  const at = HOOKS[hook?.num ?? -1]
  return {
    family: familyOf(payload),
    table,
    chain: name,
    ...(at && {
      base: {
        type: type as ChainHook['type'],
        hook: at,
        priority: (hook?.priority ?? 0) | 0,
        policy: policy === NF_VERDICT.drop ? 'drop' : 'accept',
      },
    }),
  }
}

function toRule(payload: Uint8Array): ChainRule {
  const attributes = decode(nftRuleAttributes, payload, nfgenmsg.size)
  const { table = '', chain = '', expressions = new Uint8Array(), userdata } = attributes
  const comment = userdata && decodeComment(userdata)
  return {
    family: familyOf(payload),
    table,
    chain,
    expressions: decodeExpressions(expressions),
    ...(comment !== undefined && { comment }),
  }
}
