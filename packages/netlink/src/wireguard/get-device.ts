import { GENL_HEADER } from '../codec/genl.js'
import { NLM_F } from '../codec/message.js'
import { type Connection, interrupted } from '../connection.js'
import { protocolError } from '../errors.js'
import type { Reply, ReplyOptions } from '../reply.js'
import { wgDevice } from '../specs/wireguard.js'
import { Coalescer, type DeviceHead, type DeviceSet, MAX_DEVICE } from './coalescer.js'
import { type DeviceRef, type FamilyCache, getDeviceRequest } from './family.js'
import type { PeerBuilder } from './peer-builder.js'

/** How often a torn dump is read again before it is given up with EINTR. */
const ATTEMPTS = 10

/** Lends connections: each read of a device has one to itself. */
export interface ConnectionSource {
  acquire(): Promise<Connection>
  release(connection: Connection): Promise<void>
}

export interface BatchOptions extends ReplyOptions {
  /** Is told the interface index once the dump is open, which holds the device from then on. */
  started?: ((index: number) => void) | undefined
}

export interface DeviceDump<P> {
  head: DeviceHead
  peers: P[]
  /** How often each unknown attribute came. */
  unknown: ReadonlyMap<string, number>
  /** Of the family. */
  version: number
}

/** get-device of one family, through connections that are borrowed for each call. */
export class DeviceReader {
  readonly #connections: ConnectionSource
  readonly #family: FamilyCache
  readonly #set: DeviceSet

  /** @param set the attributes that devices of the family have */
  constructor(connections: ConnectionSource, family: FamilyCache, set: DeviceSet = wgDevice) {
    this.#connections = connections
    this.#family = family
    this.#set = set
  }

  /**
   * Reads a device whole. A dump that the device changed under is read again from the start.
   *
   * @throws {NetlinkError} ENODEV, ENOTWIREGUARD, ENOBACKEND, EPERM; EINTR when every attempt was torn
   */
  async read<P>(
    device: DeviceRef,
    builder: PeerBuilder<P>,
    options: ReplyOptions = {},
  ): Promise<DeviceDump<P>> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const peers: P[] = []
      builder.begin?.()
      const coalescer = new Coalescer(builder, this.#set)
      const dump = await this.#open(device, options)
      try {
        do {
          takeDatagram(dump.reply, coalescer, peers)
          if (coalescer.bytes > MAX_DEVICE) throw protocolError('the device does not end')
        } while (!dump.reply.interrupted && (await dump.reply.advance()))
        if (dump.reply.interrupted) continue
      } catch (error) {
        throw this.#family.meaningOf(error, device)
      } finally {
        await dump.close()
      }
      coalescer.finish(peers)
      const { unknown } = coalescer
      return { head: named(coalescer.head, device), peers, unknown, version: dump.version }
    }
    throw interrupted()
  }

  /** What the device has beside its peers. Reads the first datagram alone. */
  async head(device: DeviceRef, options: ReplyOptions = {}): Promise<DeviceHead> {
    const coalescer = new Coalescer<true>({ peer: () => true, append: () => {} }, this.#set)
    const dump = await this.#open(device, options)
    try {
      takeDatagram(dump.reply, coalescer, [])
    } finally {
      await dump.close()
    }
    return named(coalescer.head, device)
  }

  /**
   * Reads a device's peers in batches, one per datagram, as the kernel produces them. A torn dump is
   * read again as long as no batch was given out; after that it is EINTR. Leaving early ends the
   * read.
   */
  async *batches<P>(
    device: DeviceRef,
    builder: PeerBuilder<P>,
    options: BatchOptions = {},
  ): AsyncGenerator<P[], void, undefined> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const coalescer = new Coalescer(builder, this.#set)
      const dump = await this.#open(device, options)
      let given = 0
      try {
        do {
          const batch: P[] = []
          takeDatagram(dump.reply, coalescer, batch)
          if (dump.reply.interrupted) break
          const { ifindex } = coalescer.head
          if (given === 0 && ifindex !== undefined) options.started?.(ifindex)
          given += batch.length
          if (batch.length > 0) yield batch
        } while (await dump.reply.advance())
      } catch (error) {
        throw this.#family.meaningOf(error, device)
      } finally {
        await dump.close()
      }
      if (!dump.reply.interrupted) return yield* lastOf(coalescer, device)
      if (given > 0) throw interrupted()
    }
    throw interrupted()
  }

  /** Starts a dump; its first datagram is in hand. */
  async #open(
    device: DeviceRef,
    options: ReplyOptions,
  ): Promise<{ reply: Reply; version: number; close(): Promise<void> }> {
    const connection = await this.#connections.acquire()
    try {
      return await this.#family.use(connection, options, async (family) => {
        const request = getDeviceRequest(family, device)
        const { reply, release } = await connection.open(request, NLM_F.dump, options)
        const close = (): Promise<void> => {
          release()
          return this.#connections.release(connection)
        }
        try {
          await reply.advance()
          return { reply, version: family.version, close }
        } catch (error) {
          release()
          throw error
        }
      })
    } catch (error) {
      await this.#connections.release(connection)
      throw this.#family.meaningOf(error, device)
    }
  }
}

function takeDatagram<P>(reply: Reply, coalescer: Coalescer<P>, complete: P[]): void {
  while (reply.next()) {
    const { bytes, start, end } = reply.cursor
    coalescer.take(bytes, start + GENL_HEADER, end, complete)
  }
}

function* lastOf<P>(coalescer: Coalescer<P>, device: DeviceRef): Generator<P[], void, undefined> {
  named(coalescer.head, device)
  const batch: P[] = []
  coalescer.finish(batch)
  if (batch.length > 0) yield batch
}

/** A device that did not say its name was not read, whatever else came. */
function named(head: DeviceHead, device: DeviceRef): DeviceHead {
  if (head.ifname !== undefined) return head
  throw protocolError(`the kernel did not describe ${device}`)
}
