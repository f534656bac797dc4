import {
  AddressPool,
  type ClientSide,
  type ConfigFile,
  formatInterfaceConfig,
  type PeerConfigs,
  peerConfigs,
  type WireGuardClient,
  writeConfigFile,
} from 'wgctrl'
import type { Invocation, Run } from '../command.js'
import { configWords } from '../interface/config-words.js'
import { NewFile } from '../interface/new-file.js'
import { withDevices } from '../session.js'
import { visible } from '../visible-text.js'
import { say } from '../warner.js'
import { qrCode } from './qr-code.js'
import { changeDevice, changeServer, type ServerFile } from './server-file.js'
import { disabledNetworks, type Owner, owners } from './taken-networks.js'

/** Adds a client to the file and the device of a server, and prints the client's file. */
export const runNew: Run = (invocation, io) =>
  withDevices(invocation, io, (wg) =>
    changeServer(invocation, io, async (server, interruption) => {
      const { output, qr, name } = invocation.options
      const taken = await owners(wg, server.name, server.file)
      using ends = endsOf(server.file, taken, invocation)
      refuseTaken(taken, ends.peer.allowedIPs)
      const text = formatInterfaceConfig(ends.client)
      // Before anything is changed: the client's key is nowhere else.
      const code = qr === true ? await qrCode(text, 'term') : undefined
      await using target = typeof output === 'string' ? await NewFile.create(output) : undefined
      interruption.begin()
      const isThere = await add(wg, server, ends, nameOf(name))
      try {
        if (target) await target.write(text)
        else io.stdout.write(text)
        if (code !== undefined) io.stdout.paint(`${code.trimEnd()}\n`)
      } catch (error) {
        // Nobody has its key.
        await takeBack(wg, server, ends, isThere)
        throw error
      }
      const addresses = ends.peer.allowedIPs.join(', ')
      say(io.stderr, `${ends.peer.publicKey} has ${addresses}\n`)
      if (!isThere) say(io.stderr, `${server.name} is not up: it will have the client when it is\n`)
    }),
  )

/** In the file first, which says what is right; taken back there when the device refuses it. */
async function add(
  wg: WireGuardClient,
  server: ServerFile,
  ends: PeerConfigs,
  clientName: string | undefined,
): Promise<boolean> {
  const { path, name, file } = server
  file.addPeer({ ...ends.peer, name: clientName })
  await writeConfigFile(path, file)
  try {
    return await changeDevice(wg, name, { peers: [ends.peer] })
  } catch (error) {
    await takeBack(wg, server, ends, false)
    throw error
  }
}

async function takeBack(
  wg: WireGuardClient,
  { path, name, file }: ServerFile,
  { peer: { publicKey } }: PeerConfigs,
  isThere: boolean,
): Promise<void> {
  file.removePeer(publicKey)
  await writeConfigFile(path, file)
  if (isThere) await changeDevice(wg, name, { peers: [{ publicKey, remove: true }] })
}

/** @throws {Error} in words for the user */
function endsOf(file: ConfigFile, taken: readonly Owner[], { options }: Invocation): PeerConfigs {
  const section = file.interface
  const { privateKey, listenPort } = section
  if (!privateKey) throw new Error('the file of the server has no PrivateKey')
  const { endpoint, publicKey, presharedKey } = options
  if (typeof endpoint !== 'string') {
    throw new Error('--endpoint: where does the client reach the server? a host, or HOST:PORT')
  }
  const client: ClientSide = {
    endpoint,
    addresses: configWords.addresses(options) ?? freeAddresses(file, taken, options),
    allowedIPs: configWords.networks(options, 'allowedIps'),
    networks: configWords.networks(options, 'networks'),
    dns: configWords.dns(options),
    mtu: configWords.mtu(options),
    persistentKeepalive: configWords.keepalive(options),
    ...(typeof publicKey === 'string' && { publicKey }),
    ...(presharedKey === false && { presharedKey: null }),
  }
  try {
    const amnezia = file.dialect === 'awg-quick' ? file.interface.amnezia : undefined
    return peerConfigs({ privateKey, listenPort, amnezia }, client)
  } finally {
    privateKey.wipe()
  }
}

/** A network that another peer has would be taken from it. */
function refuseTaken(owners: readonly Owner[], networks: readonly string[]): void {
  for (const { name, networks: own } of owners) {
    const taken = networks.find((network) => own.includes(network))
    if (taken !== undefined) throw new Error(`${visible(name)} has ${taken} already`)
  }
}

/** Of each network of the server the next address, with the length of its prefix. */
function freeAddresses(
  file: ConfigFile,
  taken: readonly Owner[],
  options: Invocation['options'],
): string[] {
  const { addresses } = file.interface
  if (addresses.length === 0) {
    throw new Error('the file of the server has no Address: --address says which the client gets')
  }
  const used = taken.flatMap(({ networks }) => networks)
  const reserve = [
    ...addresses.map((own) => own.split('/')[0] as string),
    ...disabledNetworks(file),
    ...(configWords.networks(options, 'reserve') ?? []),
  ]
  return addresses.map((address) => {
    const free = new AddressPool(address, { used, reserve }).next()
    if (free === undefined) throw new Error(`no address of ${address} is free`)
    return `${free}/${address.split('/')[1]}`
  })
}

const nameOf = (name: unknown): string | undefined => (typeof name === 'string' ? name : undefined)
