import { KernelBackend } from '@wgctrl/netlink'
import { type DeviceConfig, type PublicKey, parsePublicKey, WireGuardError } from '@wgctrl/types'
import { UserspaceBackend } from '@wgctrl/uapi'
import { open, type WireGuardClient } from 'wgctrl'
import type { Invocation } from '../command.js'
import { deviceOptions } from '../globals.js'
import type { Io } from '../io.js'
import { adviceOf, CommandFailure, reasonOf } from './failure.js'
import { progressBar, withProgress } from './progress.js'

/**
 * The facade as the commands of wg(8) want it: userspace devices first, nothing looked for before it is
 * needed, and a bar on a terminal while a long change is made.
 */
export async function openClient({ globals }: Invocation, io: Io): Promise<WireGuardClient> {
  const { backend, dialect, netns, host } = globals
  if (host !== undefined) return (await import('../remote/host.js')).openHost(globals, io)
  const progress = progressBar(io.stderr)
  const all = [new UserspaceBackend(deviceOptions(globals)), new KernelBackend({ netns, dialect })]
  const backends = all.filter(({ kind }) => backend === undefined || backend === kind)
  return await open({
    netns,
    dialect,
    backends: backends.map((backend) => withProgress(backend, progress)),
  })
}

/** The device that is changed, and the program as which that is done. */
export interface Target extends Pick<Invocation, 'program' | 'globals'> {
  readonly name: string
}

/**
 * Applies configs in order. A peer with the device's own key is left out, as both wires do by themselves.
 *
 * @throws {CommandFailure} with the words of wg(8)
 */
export async function applyConfigs(
  wg: WireGuardClient,
  { name, program }: Target,
  configs: readonly DeviceConfig[],
  leaveOut?: LeaveOut,
): Promise<void> {
  for (const config of configs) {
    await withoutOwnKey(config, program, (rest) => wg.configure(name, rest), leaveOut)
  }
}

/** The same config without a peer. */
export type LeaveOut = (
  config: DeviceConfig,
  key: PublicKey,
) => DeviceConfig | Promise<DeviceConfig>

const withoutPeer: LeaveOut = (config, key) => ({
  ...config,
  peers: config.peers?.filter((peer) => peer.publicKey !== key || peer.remove),
})

/** Makes a change; once more without the peer that has the device's own key, where there is one. */
export async function withoutOwnKey(
  config: DeviceConfig,
  program: string,
  change: (config: DeviceConfig) => Promise<unknown>,
  leaveOut = withoutPeer,
): Promise<void> {
  try {
    await change(config)
  } catch (error) {
    const own = ownKeyIn(config, error)
    if (own === undefined) throw changeFailure(program, error)
    await withoutOwnKey(await leaveOut(config, own), program, change, leaveOut)
  }
}

/** Every key was read as one before: what the library says of one is that it is the device's own. */
function ownKeyIn({ peers = [] }: DeviceConfig, error: unknown): PublicKey | undefined {
  if (!(error instanceof WireGuardError) || error.code !== 'EINVAL') return undefined
  const [, index] = /^peers\[(\d+)\]\.publicKey$/.exec(error.path ?? '') ?? []
  const key = index === undefined ? undefined : peers[Number(index)]?.publicKey
  return key === undefined ? undefined : parsePublicKey(key)
}

function changeFailure(program: string, error: unknown): CommandFailure {
  const problem = `Unable to modify interface: ${reasonOf(error)}\n${adviceOf(error, program)}`
  return new CommandFailure(problem.trimEnd())
}
