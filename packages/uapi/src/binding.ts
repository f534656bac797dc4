import {
  type CheckedConfig,
  DEFAULT_TIMEOUT,
  Deadline,
  reasonWithin,
  WireGuardError,
} from '@wgctrl/types'
import { encodeSet } from './codec/request.js'
import { exchangeSet } from './exchange.js'
import { type Identity, readIdentity } from './identity.js'
import type { SocketAddress } from './socket.js'

/** By what a device has its UDP sockets. */
type Binding = Pick<Identity, 'listenPort' | 'firewallMark'>

/**
 * Milliseconds that putting back may take where the daemon has not answered, the call being aborted or out of time: a
 * device that hears nobody is worse than a call that ends late.
 */
const PATIENCE = 2000

/** True of a config that has a daemon open its UDP sockets anew, or mark them. */
export function changesBinding(config: CheckedConfig): boolean {
  return config.listenPort !== undefined || config.firewallMark !== undefined
}

/**
 * After a set that failed: gives the device its port and mark back where one of the new ones was refused. A daemon
 * closes its sockets before it tries another port, and goes on without any when that is taken, while the kernel
 * keeps those that it has. A mark that it may not set it keeps in mind, and it answers as to a port.
 *
 * @source wireguard-go, device/uapi.go: handleDeviceLine, device/device.go: BindUpdate and BindSetMark; boringtun,
 * device/api.rs: api_set, device/mod.rs: open_listen_socket and set_fwmark
 * @param before what the device had
 * @param error what the set failed with: what the daemon answered, or something that leaves open how far it came
 * @returns what to throw: `error`, `EPERM` for a mark, `EADDRINUSE` with `lostPort` where putting back failed
 */
export async function putBack(
  address: SocketAddress,
  config: CheckedConfig,
  before: Binding,
  error: unknown,
): Promise<unknown> {
  const isAnswer = error instanceof WireGuardError && error.errno !== undefined
  if (isAnswer && error.code !== 'EADDRINUSE') return error
  using deadline = new Deadline({ timeout: isAnswer ? DEFAULT_TIMEOUT : PATIENCE })
  const { signal } = deadline
  const set = (change: Partial<CheckedConfig>): Promise<void> =>
    exchangeSet(address, encodeSet({ replacePeers: false, peers: [], ...change }), signal)
  const read = () => readIdentity(address, signal).catch(() => undefined)
  const refused = await refusedOf(config, before, read, isAnswer)
  if (refused === undefined) return error
  const { listenPort, firewallMark } = before
  // Refused as well, and kept in mind as well: more than that there is not to put back.
  if (refused === 'mark') await set({ firewallMark }).catch(() => {})
  try {
    if (config.listenPort !== undefined && listenPort > 0) await set({ listenPort })
  } catch (reason) {
    return portLost(listenPort, error, reason)
  }
  return refused === 'mark' ? markRefused(error) : error
}

/** @param read what the device has now, asked where the answer does not tell; `undefined`: it no longer says */
async function refusedOf(
  { listenPort, firewallMark }: CheckedConfig,
  before: Binding,
  read: () => Promise<Binding | undefined>,
  isAnswer: boolean,
): Promise<'port' | 'mark' | undefined> {
  if (listenPort === undefined) return isAnswer ? 'mark' : undefined
  if (isAnswer && firewallMark === undefined) return 'port'
  const now = await read()
  if (now?.listenPort === 0) return 'port'
  if (!isAnswer) return undefined
  // boringtun shows the port that it had before, although it closed it.
  const isOld = now?.listenPort === before.listenPort && listenPort !== before.listenPort
  return now && !isOld ? 'mark' : 'port'
}

function portLost(lostPort: number, error: unknown, reason: unknown): WireGuardError {
  const text = `${reasonWithin(error)}; its port ${lostPort} could not be put back (${reasonWithin(reason)}): it receives nothing until it is given a port`
  return new WireGuardError(text, { code: 'EADDRINUSE', lostPort, cause: error })
}

function markRefused(cause: unknown): WireGuardError {
  const text = `the daemon may not mark its packets (${reasonWithin(cause)}): it needs CAP_NET_ADMIN`
  return new WireGuardError(text, { code: 'EPERM', cause })
}
