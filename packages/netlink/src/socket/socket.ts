import { endianness } from 'node:os'
import { readU32, writeU16, writeU32 } from '../codec/bytes.js'
import { NetlinkError } from '../errors.js'
import { ABI, LAYOUT } from './abi.js'
import type { DatagramBatch } from './datagram-batch.js'
import { type Descriptor, descriptorOf, settle } from './descriptor.js'
import { type LibC, loadLibC } from './ffi.js'
import { MessageVector } from './message-vector.js'
import { insideNamespace, type Namespace } from './namespace.js'
import type { Transport } from './transport.js'

/** Protocol numbers of the netlink families used here. @source linux/netlink.h */
export const NETLINK = { route: 0, netfilter: 12, generic: 16 } as const

const {
  AF_NETLINK,
  SOCK_RAW,
  SOCK_NONBLOCK,
  SOCK_CLOEXEC,
  SOL_SOCKET,
  SO_SNDBUF,
  SO_SNDBUFFORCE,
  SO_RCVBUF,
  SO_RCVTIMEO,
  SOL_NETLINK,
  NETLINK_ADD_MEMBERSHIP,
  NETLINK_CAP_ACK,
  NETLINK_EXT_ACK,
  NETLINK_GET_STRICT_CHK,
} = ABI

/** struct sockaddr_nl: family u16, pad u16, port u32, groups u32. */
const SOCKADDR_NL = LAYOUT['sizeof(struct sockaddr_nl)']
const NL_PID = LAYOUT['offsetof(struct sockaddr_nl, nl_pid)']
const TIMEVAL = LAYOUT['sizeof(struct timeval)']
const TV_USEC = LAYOUT['offsetof(struct timeval, tv_usec)']

export interface NetlinkSocketOptions {
  /** The netlink protocol, one of {@link NETLINK} or another NETLINK_ number. */
  protocol: number
  /** Multicast groups to listen to, by number. */
  groups?: readonly number[] | undefined
  /** Opens the socket in this network namespace. Absent: the one of the calling thread. */
  netns?: Namespace | undefined
  /**
   * Milliseconds that a read waits for a datagram. Absent: reads do not wait at all, which is right
   * for requests; a reader of multicast groups in a thread of its own wants a time.
   */
  receiveTimeout?: number | undefined
  /** Bytes of SO_RCVBUF; the system doubles and bounds it. */
  receiveBufferSize?: number | undefined
  /** Bytes that a datagram may have. Who may not go beyond the system's bound has that. Absent: the system's default. */
  sendBufferSize?: number | undefined
}

/**
 * Opens a netlink socket that takes mail from the kernel alone.
 *
 * FFI makes the descriptor, a {@link Descriptor} moves the bytes. It does not wait (SOCK_NONBLOCK) unless
 * `receiveTimeout` is given, so no read can hold a thread of the pool: see {@link Transport}.
 *
 * @throws {NetlinkError} with the errno's name as code; EUNSUPPORTED where netlink cannot be had
 */
export async function openNetlinkSocket(options: NetlinkSocketOptions): Promise<NetlinkSocket> {
  const libc = await loadLibC()
  if (endianness() !== 'LE') {
    throw new NetlinkError('netlink is implemented for little-endian machines', {
      code: 'EUNSUPPORTED',
      feature: 'netlink',
    })
  }
  const blocking = options.receiveTimeout === undefined ? SOCK_NONBLOCK : 0
  const open = () => libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | blocking, options.protocol)
  const fd = options.netns === undefined ? open() : insideNamespace(libc, options.netns, open)
  try {
    configure(libc, fd, options)
    return new NetlinkSocket(descriptorOf(fd, libc), portOf(libc, fd), libc)
  } catch (error) {
    libc.close(fd)
    throw error
  }
}

function configure(libc: LibC, fd: number, options: NetlinkSocketOptions): void {
  const { groups = [], receiveTimeout, receiveBufferSize, sendBufferSize } = options
  const on = int(1)
  libc.setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, on)
  libc.setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, on)
  // Kernels before 4.20 lack it and check dump requests less.
  tolerate('ENOPROTOOPT', () => libc.setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, on))
  if (receiveBufferSize !== undefined) {
    libc.setsockopt(fd, SOL_SOCKET, SO_RCVBUF, int(receiveBufferSize))
  }
  if (sendBufferSize !== undefined) {
    libc.setsockopt(fd, SOL_SOCKET, SO_SNDBUF, int(sendBufferSize))
    tolerate('EPERM', () => libc.setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, int(sendBufferSize)))
  }
  if (receiveTimeout !== undefined) {
    libc.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, timeval(receiveTimeout))
  }
  const anyPort = new Uint8Array(SOCKADDR_NL)
  writeU16(anyPort, 0, AF_NETLINK)
  libc.bind(fd, anyPort)
  // Connected to port 0, the kernel: other processes' datagrams are refused before they reach us.
  libc.connect(fd, anyPort)
  for (const group of groups) {
    libc.setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, int(group))
  }
}

function tolerate(code: string, body: () => void): void {
  try {
    body()
  } catch (error) {
    if ((error as NetlinkError).code !== code) throw error
  }
}

function int(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  writeU32(bytes, 0, value)
  return bytes
}

/** struct timeval of a 64-bit system: seconds s64, microseconds s64. */
function timeval(milliseconds: number): Uint8Array {
  const bytes = new Uint8Array(TIMEVAL)
  writeU32(bytes, 0, Math.floor(milliseconds / 1000))
  writeU32(bytes, TV_USEC, Math.max(1, (milliseconds % 1000) * 1000))
  return bytes
}

function portOf(libc: LibC, fd: number): number {
  const address = Buffer.alloc(SOCKADDR_NL)
  libc.getsockname(fd, address)
  return readU32(address, NL_PID)
}

/** A netlink socket. Datagrams in and out; what they mean is a matter of the layers above. */
export class NetlinkSocket implements Transport {
  /** It stays this object's: close it here. */
  readonly descriptor: Descriptor
  /** The address that the kernel gave the socket; replies carry it. */
  readonly portId: number
  readonly #libc: LibC
  readonly #vectors = new WeakMap<DatagramBatch, MessageVector>()
  #inFlight = 0
  #closing: Promise<void> | undefined
  #onIdle = (): void => {}

  /** @internal use {@link openNetlinkSocket} */
  constructor(descriptor: Descriptor, portId: number, libc: LibC) {
    this.descriptor = descriptor
    this.portId = portId
    this.#libc = libc
  }

  sendSync(bytes: Uint8Array): void {
    this.#refuseClosed()
    try {
      this.descriptor.writeSync(bytes)
    } catch (error) {
      throw failedCall(error)
    }
  }

  send(bytes: Uint8Array): Promise<void> {
    return this.#async((done) => this.descriptor.write(bytes, done)).then(() => {})
  }

  async sendApart(bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    await this.#async((done) => this.descriptor.writeApart(bytes, signal, done))
  }

  receiveSync(into: Uint8Array): number | undefined {
    this.#refuseClosed()
    try {
      return this.descriptor.readSync(into)
    } catch (error) {
      return nothingQueued(error)
    }
  }

  receive(into: Uint8Array): Promise<number | undefined> {
    return this.#async((done) => this.descriptor.read(into, done)).catch(nothingQueued)
  }

  async receiveMany(batch: DatagramBatch): Promise<void> {
    let vector = this.#vectors.get(batch)
    if (vector === undefined) {
      vector = new MessageVector(this.#libc, batch)
      this.#vectors.set(batch, vector)
    }
    const { headers, count } = vector
    const taken = await this.#async((done) =>
      settle(this.#libc.receiveMany(this.descriptor.fd, headers, count), done),
    ).catch(nothingQueued)
    batch.clear()
    for (let at = 0; at < (taken ?? 0); at++) batch.add(vector.lengthAt(at))
  }

  /**
   * Closes now, or when the last read or write in flight is back: the descriptor's number may be
   * reused at once. Whoever gives up a dump of a device has to wait for this before anything that
   * removes the device: the dump holds a reference to it until the socket is closed.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #close(): Promise<void> {
    if (this.#inFlight > 0) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve
      })
    }
    this.#libc.close(this.descriptor.fd)
  }

  #async(start: (done: (error: Error | null, count: number) => void) => void): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#refuseClosed()
      this.#inFlight++
      start((error, count) => {
        this.#inFlight--
        if (this.#inFlight === 0) this.#onIdle()
        if (error) reject(failedCall(error))
        else resolve(count)
      })
    })
  }

  #refuseClosed(): void {
    if (this.#closing) throw new NetlinkError('the netlink socket is closed', { code: 'EBADF' })
  }
}

function nothingQueued(error: unknown): undefined {
  const { code, errno = 0 } = error as NodeJS.ErrnoException
  if (code === 'EAGAIN' || code === 'EINTR') return undefined
  if (code === 'ENOBUFS') throw overrun(errno)
  throw failedCall(error)
}

/** Of our own kind, so that whoever sent a part of something can add how much of it was applied. */
function failedCall(error: unknown): unknown {
  const { code, errno, message } = error as NodeJS.ErrnoException
  if (code === undefined || errno === undefined || error instanceof NetlinkError) return error
  return new NetlinkError(message, {
    code: code === 'EACCES' ? 'EPERM' : code,
    errno: Math.abs(errno),
    cause: error,
  })
}

function overrun(errno: number): NetlinkError {
  return new NetlinkError('the socket overran: the kernel dropped messages', {
    code: 'ENOBUFS',
    errno: Math.abs(errno),
  })
}
