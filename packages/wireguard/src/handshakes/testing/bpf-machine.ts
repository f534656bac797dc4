import type { BpfInstruction } from '@wgctrl/netlink'

/** What the kernel knows of a packet besides its bytes. */
export interface PacketFacts {
  /** The EtherType. */
  readonly protocol: number
  /** PACKET_HOST 0, PACKET_OTHERHOST 3, PACKET_OUTGOING 4. */
  readonly packetType: number
}

/**
 * Runs a classic BPF program as bpf(4) of the BSDs describes the machine: fields of the code are taken
 * apart, nothing is shared with the builder. A load beyond the packet ends it with 0.
 */
export function runBpf(
  program: readonly BpfInstruction[],
  packet: Uint8Array,
  facts: PacketFacts,
): number {
  let a = 0
  let x = 0
  const load = (at: number, size: number): number => {
    if (at >= 0xfffff000) {
      if (at === 0xfffff000) return facts.protocol
      if (at === 0xfffff004) return facts.packetType
      throw new Error(`no such ancillary load: ${at.toString(16)}`)
    }
    if (at + size > packet.length) throw new RangeError('beyond the packet')
    let value = 0
    for (let index = 0; index < size; index++) value = value * 256 + (packet[at + index] as number)
    return value
  }
  try {
    for (let pc = 0; pc < program.length; pc++) {
      const { code, jt, jf, k } = program[pc] as BpfInstruction
      const kind = code & 7
      const size = { 0: 4, 8: 2, 16: 1 }[code & 0x18] ?? 0
      const mode = code & 0xe0
      if (kind === 0 && mode === 0x20) a = load(k, size)
      else if (kind === 0 && mode === 0x40) a = load(x + k, size)
      else if (kind === 1 && mode === 0xa0) x = 4 * (load(k, 1) & 15)
      else if (kind === 4 && (code & 0xf8) === 0x50) a = (a & k) >>> 0
      else if (kind === 5) {
        const test = code & 0xf0
        if (test !== 0x10 && test !== 0x30 && test !== 0x40) throw new Error(`jump ${code}`)
        const isTrue = test === 0x10 ? a === k : test === 0x30 ? a >= k : (a & k) !== 0
        pc += isTrue ? jt : jf
      } else if (kind === 6) return k
      else if (kind === 7 && (code & 0xf8) === 0x80) a = x
      else throw new Error(`no such instruction: ${code.toString(16)}`)
    }
  } catch (error) {
    if (error instanceof RangeError) return 0
    throw error
  }
  throw new Error('the program has no end')
}
