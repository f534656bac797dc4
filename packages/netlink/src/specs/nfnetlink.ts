import { attributeSet } from '../codec/attribute-set.js'
import { be32 } from '../codec/field.js'
import { struct } from '../codec/struct.js'

/** Numbers of the subsystems that nfnetlink carries: the upper byte of a message's type. @source linux/netfilter/nfnetlink.h */
export const NFNL_SUBSYS = { none: 0, ctnetlink: 1, nftables: 10 } as const

/** What begins and ends a batch. @source linux/netfilter/nfnetlink.h */
export const NFNL_MSG_BATCH = { begin: 0x10, end: 0x11 } as const

/**
 * What stands before the attributes of every message; `resId` of a batch's begin and end is its subsystem.
 *
 * @source linux/netfilter/nfnetlink.h, struct nfgenmsg
 */
export const nfgenmsg = struct('nfgenmsg', { nfgenFamily: 'u8', version: 'u8', resId: 'be16' })

/** Attributes of a batch's begin and end. @source linux/netfilter/nfnetlink.h, enum nfnl_batch_attributes */
export const batchAttributes = attributeSet('batch-attrs', { genid: be32(1) })
