import { ABI, LAYOUT } from './abi.js'
import { type BpfInstruction, encodeBpf } from './bpf.js'
import { type Descriptor, descriptorOf } from './descriptor.js'
import { type LibC, loadLibC } from './ffi.js'
import { insideNamespace, type Namespace } from './namespace.js'

const {
  AF_PACKET,
  SOCK_DGRAM,
  SOCK_CLOEXEC,
  SOL_SOCKET,
  SO_RCVBUF,
  SO_RCVTIMEO,
  SO_ATTACH_FILTER,
  SO_RCVBUFFORCE,
  SOL_PACKET,
  PACKET_STATISTICS,
  PACKET_IGNORE_OUTGOING,
  ETH_P_ALL,
} = ABI

const SOCKADDR_LL = LAYOUT['sizeof(struct sockaddr_ll)']
const SLL_PROTOCOL = LAYOUT['offsetof(struct sockaddr_ll, sll_protocol)']
const TIMEVAL = LAYOUT['sizeof(struct timeval)']
const TV_USEC = LAYOUT['offsetof(struct timeval, tv_usec)']
const SOCK_FPROG = LAYOUT['sizeof(struct sock_fprog)']
const FILTER = LAYOUT['offsetof(struct sock_fprog, filter)']
const TPACKET_STATS = LAYOUT['sizeof(struct tpacket_stats)']
const TP_DROPS = LAYOUT['offsetof(struct tpacket_stats, tp_drops)']

/** Errors of a read that say nothing of the next one: no packet came in time, a link went down. */
export const PASSING: readonly string[] = ['EAGAIN', 'EINTR', 'ENETDOWN']

export interface PacketSocketOptions {
  /** What to let through; offset 0 is the first byte of the IP header. */
  readonly filter: readonly BpfInstruction[]
  /** Opens the socket in this network namespace. Absent: the one of the calling thread. */
  readonly netns?: Namespace | undefined
  /** Milliseconds that a read waits for a packet. */
  readonly receiveTimeout: number
  /** Bytes; beyond the system's bound where the process may (CAP_NET_ADMIN). */
  readonly receiveBufferSize: number
}

/**
 * Opens a socket that sees the packets of every link of a namespace, from the IP header on, as far as a
 * filter lets them through. The filter is in place before the first packet: a socket of protocol 0 gets
 * none, and it gets its protocol last.
 *
 * @source packet(7)
 * @throws {NetlinkError} `EPERM` without CAP_NET_RAW; `EUNSUPPORTED` on another system than Linux
 */
export async function openPacketSocket(options: PacketSocketOptions): Promise<PacketSocket> {
  const libc = await loadLibC()
  const open = () => libc.socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0)
  const fd = options.netns === undefined ? open() : insideNamespace(libc, options.netns, open)
  try {
    const socket = new PacketSocket(descriptorOf(fd, libc), libc)
    socket.attach(options.filter)
    configure(libc, fd, options)
    libc.bind(fd, everyLink())
    return socket
  } catch (error) {
    libc.close(fd)
    throw error
  }
}

function configure(libc: LibC, fd: number, options: PacketSocketOptions): void {
  libc.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, timeval(options.receiveTimeout))
  const size = int(options.receiveBufferSize)
  tolerate('EPERM', () => {
    libc.setsockopt(fd, SOL_SOCKET, SO_RCVBUF, size)
    libc.setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, size)
  })
  // Kernels before 4.20 lack it; the filter refuses outgoing packets anyway.
  tolerate('ENOPROTOOPT', () => libc.setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, int(1)))
}

function tolerate(code: string, body: () => void): void {
  try {
    body()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== code) throw error
  }
}

/** struct sockaddr_ll: family u16, protocol be16, ifindex s32 (0: every link), and 12 bytes more. */
function everyLink(): Uint8Array {
  const address = Buffer.alloc(SOCKADDR_LL)
  address.writeUInt16LE(AF_PACKET, 0)
  address.writeUInt16BE(ETH_P_ALL, SLL_PROTOCOL)
  return address
}

function int(value: number): Uint8Array {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

/** struct timeval of a 64-bit system: seconds s64, microseconds s64. */
function timeval(milliseconds: number): Uint8Array {
  const bytes = Buffer.alloc(TIMEVAL)
  bytes.writeUInt32LE(Math.floor(milliseconds / 1000), 0)
  bytes.writeUInt32LE(Math.max(1, (milliseconds % 1000) * 1000), TV_USEC)
  return bytes
}

/** An open packet socket. Reading is done on its descriptor, by whoever may wait. */
export class PacketSocket {
  /** It stays this object's: close it here, once nobody reads from it. */
  readonly descriptor: Descriptor
  readonly #libc: LibC
  #isOpen = true

  /** @internal use {@link openPacketSocket} */
  constructor(descriptor: Descriptor, libc: LibC) {
    this.descriptor = descriptor
    this.#libc = libc
  }

  /** Puts a filter in the place of the one before, in one step. */
  attach(filter: readonly BpfInstruction[]): void {
    const program = encodeBpf(filter)
    // struct sock_fprog: len u16, six bytes of padding, then a pointer to the program, which the
    // kernel copies during the call.
    const head = Buffer.alloc(SOCK_FPROG)
    head.writeUInt16LE(filter.length, 0)
    head.writeBigUInt64LE(this.#libc.addressOf(program), FILTER)
    this.#libc.setsockopt(this.descriptor.fd, SOL_SOCKET, SO_ATTACH_FILTER, head)
    // Used once more, so that nothing could have collected it before.
    program.fill(0)
  }

  /** Waits for a packet, off the event loop; its length, or `undefined` when none came in time. */
  receive(into: Uint8Array): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      this.descriptor.read(into, (error, count) => {
        if (!error) resolve(count)
        else if (PASSING.includes((error as NodeJS.ErrnoException).code ?? '')) resolve(undefined)
        else reject(error)
      })
    })
  }

  /** How many packets found the receive buffer full since this was asked last. */
  takeDrops(): number {
    const statistics = Buffer.alloc(TPACKET_STATS)
    this.#libc.getsockopt(this.descriptor.fd, SOL_PACKET, PACKET_STATISTICS, statistics)
    return statistics.readUInt32LE(TP_DROPS)
  }

  close(): void {
    if (this.#isOpen) this.#libc.close(this.descriptor.fd)
    this.#isOpen = false
  }
}
