import { type CheckedConfig, Deadline, onAbort, reasonWithin, WireGuardError } from '@wgctrl/types'
import { encodeSet } from './codec/request.js'
import { exchangeSet } from './exchange.js'
import { type Identity, readIdentity } from './identity.js'
import type { SocketAddress } from './socket.js'

/** By what a device has its UDP sockets. */
type Binding = Pick<Identity, 'listenPort' | 'firewallMark'>

/**
 * Milliseconds that putting back may take longer than the call, which was aborted or ran out of time: a device that hears
 * nobody is worse than a call that ends late.
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
 * @param call the signal of the call
 * @param error what the set failed with: what the daemon answered, or something that leaves open how far it came
 * @returns what to throw: `error`, `EADDRINUSE` that names the port, with `lostPort` where putting back failed, `EPERM` for a mark
 */
export async function putBack(
  address: SocketAddress,
  config: CheckedConfig,
  before: Binding,
  call: AbortSignal,
  error: unknown,
): Promise<unknown> {
  const answer = answerOf(error)
  if (answer && answer.code !== 'EADDRINUSE') return error
  using deadline = new Deadline({ timeout: PATIENCE })
  if (!call.aborted) deadline.pause()
  const unlisten = onAbort(call, () => deadline.resume())
  try {
    return await bindAgain(address, config, before, deadline.signal, error)
  } finally {
    unlisten()
  }
}

async function bindAgain(
  address: SocketAddress,
  config: CheckedConfig,
  before: Binding,
  signal: AbortSignal,
  error: unknown,
): Promise<unknown> {
  const answer = answerOf(error)
  const set = (change: Partial<CheckedConfig>): Promise<void> =>
    exchangeSet(address, encodeSet({ replacePeers: false, peers: [], ...change }), signal)
  const read = () => readIdentity(address, signal).catch(() => undefined)
  const refused = await refusedOf(config, before, read, answer !== undefined)
  if (refused === undefined) return error
  const { listenPort, firewallMark } = before
  // Refused as well, and kept in mind as well: more than that there is not to put back.
  if (refused === 'mark') await set({ firewallMark }).catch(() => {})
  try {
    if (config.listenPort !== undefined && listenPort > 0) await set({ listenPort })
  } catch (reason) {
    return portLost(listenPort, error, reason)
  }
  if (refused === 'mark') return markRefused(error)
  return answer ? portTaken(config.listenPort, answer) : error
}

/** What the daemon answered; `undefined`: it did not. */
function answerOf(error: unknown): WireGuardError | undefined {
  return error instanceof WireGuardError && error.errno !== undefined ? error : undefined
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

function portTaken(port: number | undefined, error: WireGuardError): WireGuardError {
  const text = `the listen port ${port} is taken (${reasonWithin(error)})`
  return new WireGuardError(text, { code: 'EADDRINUSE', errno: error.errno, cause: error })
}

function markRefused(cause: unknown): WireGuardError {
  const text = `the daemon may not mark its packets (${reasonWithin(cause)}): it needs CAP_NET_ADMIN`
  return new WireGuardError(text, { code: 'EPERM', cause })
}
