import { attributeSet } from '../codec/attribute-set.js'
import { flags, indexedArray, string, u16, u32 } from '../codec/field.js'

/** The family that knows the others. @source linux/genetlink.h */
export const GENL_ID_CTRL = 0x10

export const CTRL_CMD = { newFamily: 1, getFamily: 3 } as const

export const ctrlOp = attributeSet('ctrl-attr-op', {
  id: u32(1),
  flags: flags(2, {
    adminPerm: 0,
    cmdCapDo: 1,
    cmdCapDump: 2,
    cmdCapHaspol: 3,
    unsAdminPerm: 4,
  }),
})

export const ctrlMulticastGroup = attributeSet('ctrl-attr-mcast-grp', {
  name: string(1),
  id: u32(2),
})

export const ctrl = attributeSet('ctrl-attrs', {
  familyId: u16(1),
  familyName: string(2),
  version: u32(3),
  hdrsize: u32(4),
  maxattr: u32(5),
  ops: indexedArray(6, ctrlOp),
  mcastGroups: indexedArray(7, ctrlMulticastGroup),
})
