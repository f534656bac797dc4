import { WireGuardError } from '@wgctrl/types'
import { NLM_F } from '../codec/message.js'
import type { Connection } from '../connection.js'
import { recoded } from '../errors.js'
import type { Reply, ReplyOptions } from '../reply.js'
import { type FamilyCache, wireguardError } from './family.js'
import type { ConnectionSource } from './get-device.js'
import { type PackedMessage, packDevice, type WgDeviceChange } from './pack.js'
import type { PeerWriter } from './peer-writer.js'

interface WriteOptions extends ReplyOptions {
  /** Told behind each message how many peers were applied. */
  readonly onProgress?: ((appliedPeers: number) => void) | undefined
}

/** set-device of one family. */
export class DeviceWriter {
  readonly #connections: ConnectionSource
  readonly #family: FamilyCache

  constructor(connections: ConnectionSource, family: FamilyCache) {
    this.#connections = connections
    this.#family = family
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
    const device = change.ifname ?? change.ifindex ?? ''
    const connection = await this.#connections.acquire()
    try {
      await this.#family.use(connection, options, async (family) => {
        await sendAll(connection, packDevice(family, change, peerWriter), options)
      })
    } catch (error) {
      throw wireguardError(error, device)
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
  for (const { request, completePeers, firstPeer } of messages) {
    try {
      await connection.exchange(request, NLM_F.ack, options, untilAcknowledged)
    } catch (error) {
      throw located(error, applied, firstPeer)
    }
    applied = completePeers
    options.onProgress?.(applied)
  }
}

async function untilAcknowledged(reply: Reply): Promise<void> {
  while (await reply.advance());
}

/**
 * Adds what the kernel cannot know: the peer's place in the whole change, and how many peers had been
 * applied: those of the messages before, and of this one those before the peer it stopped at.
 */
function located(error: unknown, before: number, firstPeer: number): unknown {
  if (!(error instanceof WireGuardError)) return error
  const index = peerIndex(error)
  const appliedPeers = index === undefined ? before : firstPeer + index
  const path = index === undefined ? undefined : `peers[${appliedPeers}]`
  const after = appliedPeers === 0 ? '' : `, after ${appliedPeers} peers were applied`
  return recoded(error, error.code, `${error.message}${after}`, { appliedPeers, path })
}

function peerIndex(error: WireGuardError): number | undefined {
  const match = /^wgdevice\.peers\[(\d+)\]/.exec(error.extendedAck?.path ?? '')
  return match ? Number(match[1]) : undefined
}
