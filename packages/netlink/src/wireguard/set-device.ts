import { WireGuardError } from '@wgctrl/types'
import { readdress } from '../codec/genl.js'
import { NLM_F } from '../codec/message.js'
import type { Connection } from '../connection.js'
import { recoded } from '../errors.js'
import type { GenlFamily } from '../genl.js'
import type { Reply, ReplyOptions } from '../reply.js'
import { wgDevice } from '../specs/wireguard.js'
import type { DeviceSet } from './coalescer.js'
import { configPath, type MessagePlace } from './config-path.js'
import type { DeviceRef, FamilyCache } from './family.js'
import type { ConnectionSource } from './get-device.js'
import { type PackedMessage, packDevice, type WgDeviceChange } from './pack.js'
import type { PeerWriter } from './peer-writer.js'

export interface WriteOptions extends ReplyOptions {
  /** Told behind each message how many peers were applied. */
  readonly onProgress?: ((appliedPeers: number) => void) | undefined
}

/** set-device of one family. */
export class DeviceWriter {
  readonly #connections: ConnectionSource
  readonly #family: FamilyCache
  readonly #set: DeviceSet

  /** @param set the attributes that devices of the family have */
  constructor(connections: ConnectionSource, family: FamilyCache, set: DeviceSet = wgDevice) {
    this.#connections = connections
    this.#family = family
    this.#set = set
  }

  /** Of the family. @throws {NetlinkError} ENOBACKEND */
  async version(device: DeviceRef, options: ReplyOptions = {}): Promise<number> {
    const connection = await this.#connections.acquire()
    try {
      return await this.#family.use(connection, options, async ({ version }) => version)
    } catch (error) {
      throw this.#family.meaningOf(error, device)
    } finally {
      await this.#connections.release(connection)
    }
  }

  /**
   * Applies a change, in as many messages as it takes. The kernel applies them one by one: when one
   * fails, the error's `appliedPeers` says how many peers were applied for certain.
   *
   * @throws {NetlinkError} ENODEV, ENOTWIREGUARD, ENOBACKEND, EPERM, EADDRINUSE, EINVAL with the
   * extended ack
   */
  async write<P>(
    change: WgDeviceChange<P>,
    peerWriter: PeerWriter<P>,
    options: WriteOptions = {},
  ): Promise<void> {
    const pack = (family: GenlFamily) => packDevice(family, change, peerWriter, this.#set)
    await this.#send(change.ifname ?? change.ifindex ?? '', pack, options)
  }

  /** Applies a change whose messages are packed already, for no family yet. Throws as {@link write}. */
  async send(
    device: DeviceRef,
    messages: readonly PackedMessage[],
    options: WriteOptions = {},
  ): Promise<void> {
    const address = (family: GenlFamily) => {
      for (const { request } of messages) readdress(request.bytes, family)
      return messages
    }
    await this.#send(device, address, options)
  }

  async #send(
    device: DeviceRef,
    pack: (family: GenlFamily) => Iterable<PackedMessage>,
    options: WriteOptions,
  ): Promise<void> {
    const connection = await this.#connections.acquire()
    try {
      await this.#family.use(connection, options, (family) =>
        sendAll(connection, pack(family), options),
      )
    } catch (error) {
      throw this.#family.meaningOf(error, device)
    } finally {
      await this.#connections.release(connection)
    }
  }
}

async function sendAll(
  connection: Connection,
  messages: Iterable<PackedMessage>,
  options: WriteOptions,
): Promise<void> {
  let applied = 0
  for (const message of messages) {
    try {
      await connection.exchange(message.request, NLM_F.ack, options, untilAcknowledged)
    } catch (error) {
      throw located(error, applied, message)
    }
    applied = message.completePeers
    options.onProgress?.(applied)
  }
}

async function untilAcknowledged(reply: Reply): Promise<void> {
  while (await reply.advance());
}

/**
 * Adds what the kernel cannot know: where in the whole change the attribute is that it names, and how many peers were
 * applied for certain, which are those of the messages before. A kernel that names an attribute of a peer has checked
 * the whole message before it applied any of it; of what others refuse in the midst of a message they name nothing.
 *
 * @source Linux 6.19, aea199fa1571 and 73af07d7f2f6 of drivers/net/wireguard/netlink.c: the policies of peers and allowed
 *   IPs are part of the operation's; before, set_peer() parsed each peer in its turn, without an extended ack
 */
function located(error: unknown, appliedPeers: number, place: MessagePlace): unknown {
  if (!(error instanceof WireGuardError)) return error
  const attribute = error.extendedAck?.path ?? error.extendedAck?.missing
  const path = attribute === undefined ? undefined : configPath(attribute, place)
  const said =
    path === undefined ? error.message : error.message.replace(`(${attribute})`, `(${path})`)
  const after = appliedPeers === 0 ? '' : `, after ${appliedPeers} peers were applied`
  return recoded(error, error.code, `${said}${after}`, { appliedPeers, path })
}
