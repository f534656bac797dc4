import { MemoryBackend } from '@wgctrl/types/testing'
import { expect, it } from 'vitest'
import {
  AddressPool,
  connect,
  connectionState,
  formatEndpoint,
  holdConfigFile,
  isConnected,
  isInterfaceName,
  newConfig,
  nextAddress,
  open,
  peerConfigs,
  readConfigFile,
  readInterface,
  serve,
  TrafficLedger,
  toConfig,
  WireGuardError,
  writeConfigFile,
} from './index.js'

/** What a program has instead of a value: a word that nobody typed, a peer that nobody found. */
const missing = undefined as never
const client = { addresses: ['10.8.0.2'], endpoint: '192.0.2.1:51820' }

const readBesideItsPlace = async () =>
  readInterface((await open({ backends: [new MemoryBackend()] })) as never, 'wg0')

it.each<[string, string, () => unknown]>([
  ['readConfigFile', 'path', () => readConfigFile(missing)],
  ['writeConfigFile', 'path', () => writeConfigFile(missing, newConfig())],
  ['writeConfigFile, of the file', 'config', () => writeConfigFile('/nowhere/wg0.conf', missing)],
  ['holdConfigFile', 'path', () => holdConfigFile(missing)],
  ['addPeer', 'peer', () => newConfig().addPeer(missing)],
  ['peerConfigs, of the server', 'server', () => peerConfigs(missing, client)],
  ['peerConfigs, of the client', 'client', () => peerConfigs({}, missing)],
  ['toConfig', 'device', () => toConfig(missing)],
  ['isConnected', 'peer', () => isConnected(missing)],
  ['connectionState', 'peer', () => connectionState(missing)],
  ['formatEndpoint', 'endpoint', () => formatEndpoint(missing)],
  ['update of a ledger', 'device', () => new TrafficLedger().update(missing)],
  ['readInterface', 'context.wg', () => readInterface(missing, 'wg0')],
  ['readInterface, of a client that stands alone', 'context.wg', readBesideItsPlace],
  ['WireGuardError', 'details', () => new WireGuardError('no permission', missing)],
  ['AddressPool', 'networks', () => new AddressPool(missing)],
  ['nextAddress', 'networks', () => nextAddress(missing, [])],
  ['connect', 'where', () => connect(missing)],
  ['serve', 'where', async () => serve(await open({ backends: [new MemoryBackend()] }), missing)],
])('a value that is missing is a mistake that names it: %s', async (_call, path, call) => {
  const called = (async () => await call())()
  await expect(called).rejects.toMatchObject({ name: 'TypeError', code: 'EINVAL', path })
})

it.each(['', 'wg0\0.conf'])('a path that names no file is refused: %j', async (path) => {
  const refusal = { code: 'EINVAL', path: 'path' }
  await expect(readConfigFile(path)).rejects.toMatchObject(refusal)
  await expect(writeConfigFile(path, newConfig())).rejects.toMatchObject(refusal)
  await expect(holdConfigFile(path)).rejects.toMatchObject(refusal)
})

it('a field that is misspelled does not pass for one that was left out of a peer in a file', () => {
  const peer = { publicKey: 'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=', allowedIps: [] }
  const file = newConfig()
  expect(() => file.addPeer(peer)).toThrow(expect.objectContaining({ path: 'allowedIps' }))
  expect(file.peers).toEqual([])
})

it('no value is no name of an interface', () => {
  expect(isInterfaceName(missing)).toBe(false)
})
