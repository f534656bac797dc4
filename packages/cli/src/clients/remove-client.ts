import { type ConfigFile, isPublicKey, type PeerSection, writeConfigFile } from 'wgctrl'
import type { Run } from '../command.js'
import { withDevices } from '../session.js'
import { visible } from '../visible-text.js'
import { changeDevice, changeServer } from './server-file.js'

/** Removes a client from the file and the device of a server. */
export const runRemove: Run = (invocation, io) =>
  withDevices(invocation, io, (wg) =>
    changeServer(invocation, io, async ({ path, name, file }, interruption) => {
      const { publicKey } = peerCalled(file, invocation.words[2] ?? '')
      interruption.begin()
      // First from the device: who is still in the file can be removed again.
      await changeDevice(wg, name, { peers: [{ publicKey, remove: true }] })
      file.removePeer(publicKey)
      await writeConfigFile(path, file)
    }),
  )

/** @throws {Error} in words for the user */
function peerCalled(file: ConfigFile, client: string): PeerSection {
  const found = isPublicKey(client)
    ? file.peers.filter((peer) => peer.publicKey === client)
    : file.peers.filter((peer) => peer.name === client)
  const [first, second] = found
  if (!first) throw new Error(`the file has no client ${visible(client)}`)
  if (second)
    throw new Error(`the file has several clients ${visible(client)}: give the public key`)
  return first
}
