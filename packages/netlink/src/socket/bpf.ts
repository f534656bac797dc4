import { LAYOUT } from './abi.js'

/**
 * Classic BPF as data: what a filter does is decided by whoever builds the list.
 *
 * @source linux/filter.h, linux/bpf_common.h; Documentation/networking/filter.rst
 */
export interface BpfInstruction {
  /** One of {@link BPF}. */
  readonly code: number
  /** How many instructions to leave out when the test is true. */
  readonly jt: number
  /** The same when it is false. */
  readonly jf: number
  /** The operand: u32. */
  readonly k: number
}

/** The codes of instructions, by what they do. A is the accumulator, X the index register. */
export const BPF = {
  /** A = u32, u16 or u8 at k, big-endian. */
  loadWord: 0x20,
  loadHalf: 0x28,
  loadByte: 0x30,
  /** A = u32, u16 or u8 at X + k. */
  loadWordAtX: 0x40,
  loadHalfAtX: 0x48,
  loadByteAtX: 0x50,
  /** X = 4 * (u8 at k & 15): the length of an IPv4 header. */
  loadHeaderLength: 0xb1,
  /** A = X */
  fromX: 0x87,
  and: 0x54,
  jumpIfEqual: 0x15,
  jumpIfAtLeast: 0x35,
  /** When A & k is not zero. */
  jumpIfSet: 0x45,
  /** Ends: passes the first k bytes on, none for 0. */
  return: 0x06,
} as const

/** Offsets that stand for what the kernel knows of a packet besides its bytes. @source linux/filter.h */
export const BPF_AD = {
  /** The EtherType: 0x0800, 0x86dd. */
  protocol: 0xfffff000,
  /** 0: for this host; 4: our own, going out. @source linux/if_packet.h */
  packetType: 0xfffff004,
} as const

const SOCK_FILTER = LAYOUT['sizeof(struct sock_filter)']
const JT = LAYOUT['offsetof(struct sock_filter, jt)']
const JF = LAYOUT['offsetof(struct sock_filter, jf)']
const K = LAYOUT['offsetof(struct sock_filter, k)']

/** A program as the array of `struct sock_filter` that the kernel reads. */
export function encodeBpf(program: readonly BpfInstruction[]): Buffer<ArrayBuffer> {
  const bytes = Buffer.allocUnsafeSlow(program.length * SOCK_FILTER)
  program.forEach(({ code, jt, jf, k }, index) => {
    const at = index * SOCK_FILTER
    bytes.writeUInt16LE(code, at)
    bytes.writeUInt8(jt, at + JT)
    bytes.writeUInt8(jf, at + JF)
    bytes.writeUInt32LE(k, at + K)
  })
  return bytes
}
