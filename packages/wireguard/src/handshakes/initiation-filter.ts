import { BPF, BPF_AD, type BpfInstruction } from '@wgctrl/netlink'
import { type Disguise, UNDISGUISED } from './disguise.js'
import { INITIATION_LENGTH } from './noise.js'

/** @source linux/if_packet.h, PACKET_HOST: sent to this host, and not by it */
const TO_THIS_HOST = 0

const IPV4 = 0x0800
const IPV6 = 0x86dd
const UDP = 17
const UDP_HEADER = 8
const IPV4_HEADER = 20
const IPV4_LONGEST_HEADER = 60
const IPV6_HEADER = 40

/** More fragments, or an offset: a fragment's first or later part. @source RFC 791, section 3.1 */
const FRAGMENT = 0x3fff

/** Bytes before a message, with which it still goes into one packet of a usual link. */
const LONGEST_PADDING = 1500

/** Bytes of the longest packet that passes: an IPv4 header with all options, UDP, the message. */
export const LONGEST_PACKET = IPV4_LONGEST_HEADER + UDP_HEADER + LONGEST_PADDING + INITIATION_LENGTH

/** A line of the program: an instruction, with the names of the lines to go to. */
interface Line {
  readonly code: number
  readonly k: number
  readonly label?: string
  /** Where to go when a test is true; absent: on. */
  readonly yes?: string
  /** Where to go when it is false; absent: on. */
  readonly no?: string
}

const { loadWord, loadHalf, loadByte, loadWordAtX, loadHalfAtX, loadByteAtX } = BPF
const { loadHeaderLength, fromX, and, jumpIfEqual, jumpIfAtLeast, jumpIfSet } = BPF

/**
 * Lets through what can be a handshake initiation for a port: UDP over IPv4 (with options or without)
 * or IPv6, of the message's length and type, sent to this host by another or by itself over loopback.
 * Neither what goes out nor fragments. IPv6 packets with extension headers do not pass: WireGuard
 * sends none.
 *
 * @param port the device's; 0 lets nothing through
 * @param disguise how they look. Of types that are a range the first bytes are compared, of those that are encrypted none
 */
export function initiationFilter(port: number, disguise: Disguise = UNDISGUISED): BpfInstruction[] {
  const { padding } = disguise
  if (port === 0 || padding > LONGEST_PADDING) return [{ code: BPF.return, jt: 0, jf: 0, k: 0 }]
  const udpLength = UDP_HEADER + padding + INITIATION_LENGTH
  const message = UDP_HEADER + padding
  return assemble([
    ...mustBe(loadWord, BPF_AD.packetType, TO_THIS_HOST),
    { code: loadWord, k: BPF_AD.protocol },
    { code: jumpIfEqual, k: IPV6, yes: 'ipv6' },
    { code: jumpIfEqual, k: IPV4, no: 'refuse' },

    { code: loadByte, k: 0 },
    { code: and, k: 0xf0 },
    { code: jumpIfEqual, k: 0x40, no: 'refuse' },
    ...mustBe(loadByte, 9, UDP),
    { code: loadHalf, k: 6 },
    { code: jumpIfSet, k: FRAGMENT, yes: 'refuse' },
    { code: loadHeaderLength, k: 0 },
    { code: fromX, k: 0 },
    { code: jumpIfAtLeast, k: IPV4_HEADER, no: 'refuse' },
    ...mustBe(loadHalfAtX, 2, port),
    ...mustBe(loadHalfAtX, 4, udpLength),
    ...typeTests(disguise, message, loadWordAtX, loadByteAtX),
    { code: BPF.return, k: LONGEST_PACKET },

    { code: loadByte, k: 0, label: 'ipv6' },
    { code: and, k: 0xf0 },
    { code: jumpIfEqual, k: 0x60, no: 'refuse' },
    ...mustBe(loadByte, 6, UDP),
    ...mustBe(loadHalf, IPV6_HEADER + 2, port),
    ...mustBe(loadHalf, IPV6_HEADER + 4, udpLength),
    ...typeTests(disguise, IPV6_HEADER + message, loadWord, loadByte),
    { code: BPF.return, k: LONGEST_PACKET },

    { code: BPF.return, k: 0, label: 'refuse' },
  ])
}

function mustBe(code: number, at: number, value: number): Line[] {
  return [
    { code, k: at },
    { code: jumpIfEqual, k: value, no: 'refuse' },
  ]
}

/** A type is little-endian, as the machine is not: of a range the bytes from the last on, up to one that can differ. */
function typeTests({ from, to, key }: Disguise, at: number, word: number, byte: number): Line[] {
  if (key) return []
  const [least, most] = [wireBytes(from), wireBytes(to)]
  if (from === to) return mustBe(word, at, least.readUInt32BE())
  const lines: Line[] = []
  for (let index = 3; index >= 0; index--) {
    const [low, high] = [least[index] as number, most[index] as number]
    if (low !== high) {
      lines.push({ code: byte, k: at + index })
      lines.push({ code: jumpIfAtLeast, k: low, no: 'refuse' })
      lines.push({ code: jumpIfAtLeast, k: high + 1, yes: 'refuse' })
      break
    }
    lines.push(...mustBe(byte, at + index, low))
  }
  return lines
}

function wireBytes(type: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(type)
  return bytes
}

/** Turns the names of lines into the distances that the machine jumps. */
function assemble(lines: readonly Line[]): BpfInstruction[] {
  const distance = (from: number, label: string | undefined): number =>
    label === undefined ? 0 : lines.findIndex((line) => line.label === label) - from - 1
  return lines.map(({ code, k, yes, no }, index) => ({
    code,
    jt: distance(index, yes),
    jf: distance(index, no),
    k,
  }))
}
