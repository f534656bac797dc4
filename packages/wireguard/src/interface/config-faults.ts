import {
  checkConfig,
  type DeviceConfig,
  InvalidRangeError,
  InvalidTypeError,
  type PeerConfig,
  WireGuardError,
  wipeConfig,
} from '@wgctrl/types'
import { PLACEHOLDER, withPlaceholders } from '../resolve.js'
import {
  checkInterface,
  checkNamedInterface,
  type InterfaceConfig,
  type InterfaceSettings,
} from './interface-config.js'
import type { Machine } from './machine.js'
import { routingTable } from './table.js'
import { thisMachine } from './this-machine.js'

/** What is wrong with a config: `path` names the field, `message` says why. */
export type ConfigFault = WireGuardError | InvalidTypeError | InvalidRangeError

/** Of two peers that want one network, and the like: how often one is set aside to find the next. */
const MOST_CONTRADICTIONS = 100

/**
 * Everything that `up` would refuse in a config before it does anything, at once: a form can show it all. Nothing is
 * touched, and no name is looked up.
 *
 * @returns in the order of the fields; empty: the config is right
 */
export async function configFaults(
  config: InterfaceConfig,
  machine: Machine = thisMachine,
): Promise<ConfigFault[]> {
  const faults: ConfigFault[] = []
  const look = async (check: () => unknown, place = (path: string): string => path) => {
    try {
      await check()
    } catch (error) {
      faults.push(placed(asFault(error), place))
    }
  }
  if (typeof config !== 'object' || config === null) {
    await look(() => checkNamedInterface(config))
    return faults
  }
  const { name, addresses, peers, table, nat, ...rest } = config
  await look(() => checkNamedInterface({ name }))
  for (const [index, address] of listOf(addresses).entries()) {
    const place = (path: string): string => path.replace('[0]', `[${index}]`)
    await look(() => checkInterface({ addresses: [address] }), place)
  }
  if (addresses !== undefined && !Array.isArray(addresses))
    await look(() => checkInterface({ addresses }))
  for (const [field, value] of Object.entries(rest)) {
    await look(() => checkWith({ [field]: value }))
  }
  await look(async () => routingTable(checkInterface({ table }).table, machine))
  await look(() => checkInterface({ nat, addresses: rightAddresses(addresses) }, name))
  if (peers !== undefined && !Array.isArray(peers)) await look(() => checkConfig({ peers }))
  const right: [PeerConfig, number][] = []
  for (const [index, peer] of listOf(peers).entries()) {
    const before = faults.length
    const place = (path: string): string => path.replace('peers[0]', `peers[${index}]`)
    await look(() => checkWith({ peers: [peer] }), place)
    if (faults.length === before) right.push([peer, index])
  }
  return [...faults, ...(await contradictions(rest.privateKey, right))]
}

/** Peers that are right alone, and not together. */
async function contradictions(
  privateKey: DeviceConfig['privateKey'],
  peers: [PeerConfig, number][],
): Promise<ConfigFault[]> {
  const faults: ConfigFault[] = []
  const left = [...peers]
  while (left.length > 0 && faults.length < MOST_CONTRADICTIONS) {
    try {
      await checkWith({ privateKey, peers: left.map(([peer]) => peer) })
      break
    } catch (error) {
      const fault = asFault(error)
      const at = Number(/^peers\[(\d+)\]/.exec(fault.path ?? '')?.[1] ?? Number.NaN)
      const found = left[at]
      // A key that is none was told of before.
      if (!found) break
      faults.push(placed(fault, (path) => path.replace(/^peers\[\d+\]/, `peers[${found[1]}]`)))
      left.splice(at, 1)
    }
  }
  return faults
}

/** As `up` checks, names in endpoints aside. */
async function checkWith(settings: InterfaceSettings): Promise<void> {
  const { device } = checkInterface(settings)
  wipeConfig(checkConfig(await withPlaceholders(device, PLACEHOLDER)))
}

/** Of the others it is told elsewhere. */
const rightAddresses = (addresses: InterfaceConfig['addresses']): readonly string[] =>
  listOf(addresses).filter((address) => {
    try {
      checkInterface({ addresses: [address] })
      return true
    } catch {
      return false
    }
  })

const listOf = <T>(list: readonly T[] | undefined): readonly T[] =>
  Array.isArray(list) ? list : []

function asFault(error: unknown): ConfigFault {
  if (error instanceof WireGuardError) return error
  throw error
}

/** The same fault, at the place where the whole config has it. */
function placed(fault: ConfigFault, place: (path: string) => string): ConfigFault {
  const { path, message } = fault
  if (path === undefined) return fault
  const actual = place(path)
  if (actual === path) return fault
  const problem = message.startsWith(`${path}: `) ? message.slice(path.length + 2) : message
  if (fault instanceof InvalidRangeError) return new InvalidRangeError(actual, problem)
  if (fault instanceof InvalidTypeError) return new InvalidTypeError(actual, problem)
  return new WireGuardError(`${actual}: ${problem}`, { code: fault.code, path: actual })
}
