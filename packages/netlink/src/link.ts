import type { Infer } from './codec/attribute-set.js'
import { decode } from './codec/decode.js'
import type { Message } from './codec/message.js'
import { decodeStruct, type StructValue } from './codec/struct.js'
import { IFF, ifinfomsg, linkAttributes, type linkStats64, OPERSTATE } from './specs/rt-link.js'

/** A network interface. */
export interface Link {
  readonly index: number
  readonly name: string
  /** The driver's kind, such as `wireguard`, `veth`, `dummy`; absent for hardware and `lo`. */
  readonly kind?: string
  /** Bytes. */
  readonly mtu?: number
  /** The administrative state: whether somebody switched it on. */
  readonly up: boolean
  /** RFC 2863; `unknown` is what drivers without a carrier report, WireGuard among them. */
  readonly operState?: string
  /** The hardware address, lower case with colons. */
  readonly address?: string
  readonly altNames: readonly string[]
  /** Bits of {@link IFF}. */
  readonly flags: number
  readonly stats?: Readonly<StructValue<(typeof linkStats64)['members']>>
  /** Everything that the kernel said, in its words. */
  readonly attributes: Infer<typeof linkAttributes>
}

/** A link of RTM_NEWLINK or RTM_DELLINK. `payload` starts behind the netlink header. */
export function toLink({ payload }: Pick<Message, 'payload'>): Link {
  const { index, flags } = decodeStruct(ifinfomsg, payload)
  const attributes = decode(linkAttributes, payload, ifinfomsg.size)
  const { ifname = '', linkinfo, mtu, operstate, address, propList, stats64 } = attributes
  return {
    index,
    name: ifname,
    ...(linkinfo?.kind !== undefined && { kind: linkinfo.kind }),
    ...(mtu !== undefined && { mtu }),
    up: (flags & IFF.up) !== 0,
    ...(operstate !== undefined && { operState: OPERSTATE[operstate] ?? 'unknown' }),
    ...(address && address.length > 0 && { address: formatHardwareAddress(address) }),
    altNames: propList?.altIfname ?? [],
    flags,
    ...(stats64 && { stats: stats64 }),
    attributes,
  }
}

function formatHardwareAddress(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':')
}
