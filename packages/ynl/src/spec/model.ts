/** How a family is spoken to: generic netlink in three ages of its schema, or a protocol of its own. */
export type Protocol = 'genetlink' | 'genetlink-c' | 'genetlink-legacy' | 'netlink-raw'

/** Integers, by width and sign. */
export type IntegerType = 'u8' | 'u16' | 'u32' | 'u64' | 's8' | 's16' | 's32' | 's64'

/** What the payload of an attribute can be. */
export type AttributeType =
  | IntegerType
  | 'uint'
  | 'sint'
  | 'bitfield32'
  | 'string'
  | 'binary'
  | 'flag'
  | 'nest'
  | 'indexed-array'
  | 'nest-type-value'
  | 'sub-message'
  | 'pad'
  | 'unused'

/** How a value wants to be shown. Addresses are read as text; the others change nothing but a program's output. */
export type DisplayHint = 'hex' | 'mac' | 'fddi' | 'ipv4' | 'ipv6' | 'ipv4-or-v6' | 'uuid'

/** Absent: that of the machine. */
export type ByteOrder = 'little-endian' | 'big-endian'

/** A number with a name. */
export interface ConstantSpec {
  readonly type: 'const'
  readonly name: string
  readonly doc?: string
  readonly value: number | string
}

/** A name of an enum or of a bit. */
export interface EntrySpec {
  readonly name: string
  readonly doc?: string
  /** The number; of `flags` the position of the bit. */
  readonly value: number
}

/** Names of numbers, or of bits. */
export interface EnumSpec {
  readonly type: 'enum' | 'flags'
  readonly name: string
  readonly doc?: string
  readonly entries: readonly EntrySpec[]
}

/** A member of a struct. */
export interface MemberSpec {
  readonly name: string
  readonly doc?: string
  readonly type: IntegerType | 'string' | 'binary' | 'pad'
  /** Bytes of a member that is no integer, unless it is a struct itself. */
  readonly length?: number
  readonly byteOrder?: ByteOrder
  /** Name of an {@link EnumSpec}. */
  readonly enum?: string
  /** The enum's numbers are positions of bits. */
  readonly isFlags?: boolean
  readonly hint?: DisplayHint
  /** Name of a {@link StructSpec}. */
  readonly struct?: string
}

/** A C struct. Its members follow each other without gaps: what a compiler would leave out is there as `pad`. */
export interface StructSpec {
  readonly type: 'struct'
  readonly name: string
  readonly doc?: string
  readonly members: readonly MemberSpec[]
}

/** What the parts of a spec refer to by name. */
export type DefinitionSpec = ConstantSpec | EnumSpec | StructSpec

/** What the kernel lets through: numbers, or bytes of a payload. */
export interface Checks {
  readonly min?: number
  readonly max?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly exactLength?: number
}

/** An attribute. */
export interface AttributeSpec {
  readonly name: string
  readonly doc?: string
  /** Its number. */
  readonly value: number
  readonly type: AttributeType
  /** It may stand several times: the value is an array. */
  readonly isMulti?: boolean
  readonly byteOrder?: ByteOrder
  /** Name of an {@link EnumSpec}. */
  readonly enum?: string
  /** The enum's numbers are positions of bits. */
  readonly isFlags?: boolean
  readonly hint?: DisplayHint
  /** Name of the set of the attributes that it holds. */
  readonly nested?: string
  /** Name of a {@link StructSpec}. */
  readonly struct?: string
  /** What the elements are of an `indexed-array`, or of a `binary` that is a C array. */
  readonly subType?: IntegerType | 'binary' | 'nest'
  /** Name of a {@link SubMessageSpec}. */
  readonly subMessage?: string
  /** Name of the attribute, in this set or one around it, that says which format a sub-message has. */
  readonly selector?: string
  /** Of a `nest-type-value`: the names of the numbers that the nests around the attributes have as their types. */
  readonly typeValue?: readonly string[]
  readonly checks?: Checks
}

/** A space of attributes. */
export interface AttributeSetSpec {
  readonly name: string
  readonly doc?: string
  readonly attributes: readonly AttributeSpec[]
}

/** One of the forms of a sub-message. */
export interface FormatSpec {
  /** What the selector has to be. */
  readonly value: string
  /** Name of a {@link StructSpec} that stands before the attributes. */
  readonly fixedHeader?: string
  readonly attributeSet?: string
}

/** A payload whose form another attribute decides. */
export interface SubMessageSpec {
  readonly name: string
  readonly formats: readonly FormatSpec[]
}

/** What is sent, or comes back. */
export interface MessageSpec {
  /** Names of attributes of the operation's set. */
  readonly attributes: readonly string[]
}

/** A way to call an operation. */
export interface CallSpec {
  readonly request: MessageSpec
  /** Absent: nothing comes back but that it was done. */
  readonly reply?: MessageSpec
}

/** An operation, or a notification. */
export interface OperationSpec {
  readonly name: string
  readonly doc?: string
  /** Its number towards the kernel; absent of notifications. */
  readonly request?: number
  /** Its number from the kernel; absent where nothing comes. */
  readonly reply?: number
  /** Name of the set; absent of numbers that are only reserved. */
  readonly attributeSet?: string
  /** Name of a {@link StructSpec} that stands before the attributes. */
  readonly fixedHeader?: string
  readonly do?: CallSpec
  readonly dump?: CallSpec
  /** It comes without being asked for: the attributes that it can have. */
  readonly notification?: MessageSpec
  /** Name of the multicast group that it comes from, where the spec says so. */
  readonly group?: string
  /** It takes CAP_NET_ADMIN. */
  readonly isPrivileged?: boolean
}

/** A multicast group. */
export interface GroupSpec {
  readonly name: string
  /** Its number; absent in generic netlink, where the kernel gives it one. */
  readonly value?: number
}

/** A family, as its spec describes it: plain data, with all that the spec leaves to be derived. */
export interface Spec {
  readonly name: string
  readonly doc?: string
  readonly protocol: Protocol
  /** The netlink protocol of `netlink-raw`. */
  readonly protocolNumber?: number
  readonly definitions: readonly DefinitionSpec[]
  readonly attributeSets: readonly AttributeSetSpec[]
  readonly subMessages: readonly SubMessageSpec[]
  readonly operations: readonly OperationSpec[]
  readonly groups: readonly GroupSpec[]
}
