import { attributeSet } from '../codec/attribute-set.js'
import { flags, indexedArray, string, u16, u32 } from '../codec/field.js'

/** The family that knows the others. @source linux/genetlink.h */
export const GENL_ID_CTRL = 0x10

/** Commands of nlctrl, the family that knows the others. @source linux/genetlink.h */
export const CTRL_CMD = { newFamily: 1, getFamily: 3 } as const

/** Attributes of an operation of a family. @source linux/genetlink.h */
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

/** Attributes of a multicast group of a family. @source linux/genetlink.h */
export const ctrlMulticastGroup = attributeSet('ctrl-attr-mcast-grp', {
  name: string(1),
  id: u32(2),
})

/** Attributes of nlctrl. @source linux/genetlink.h */
export const ctrl = attributeSet('ctrl-attrs', {
  familyId: u16(1),
  familyName: string(2),
  version: u32(3),
  hdrsize: u32(4),
  maxattr: u32(5),
  ops: indexedArray(6, ctrlOp),
  mcastGroups: indexedArray(7, ctrlMulticastGroup),
})
