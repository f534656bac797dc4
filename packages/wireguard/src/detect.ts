import { KernelBackend } from '@wgctrl/netlink'
import {
  abortable,
  type Backend,
  Deadline,
  type DeviceKind,
  InvalidTypeError,
  inContext,
  WireGuardError,
} from '@wgctrl/types'
import { UserspaceBackend, type UserspaceOptions } from '@wgctrl/uapi'

/** One backend that was looked for. */
export type BackendStatus =
  | { readonly kind: DeviceKind; readonly available: true; readonly backend: Backend }
  | { readonly kind: DeviceKind; readonly available: false; readonly reason: WireGuardError }

/** What the backends that come with this package need to know. */
export interface DetectOptions {
  /**
   * Which backends to use, first come first asked: by kind, or one of your own. Absent: all that
   * this package has and this machine supports, the kernel first.
   */
  readonly backends?: readonly (DeviceKind | Backend)[] | undefined
  /**
   * The network namespace whose kernel devices are meant: a name of `ip netns`, a path, or a pid.
   * Absent: the process' own. UAPI sockets are not bound to one.
   */
  readonly netns?: string | number | undefined
  /** The directory of UAPI sockets; absent: where the platform's implementations put theirs. */
  readonly socketDir?: string | undefined
  /** Of UAPI sockets, see {@link UserspaceOptions}. */
  readonly unsafePermissions?: UserspaceOptions['unsafePermissions']
  /** Ends the search for backends. */
  readonly signal?: AbortSignal | undefined
}

/** The backends that come with this package, in the order in which they are asked. */
const makers = new Map<unknown, (options: DetectOptions) => Backend>([
  ['linux-kernel', ({ netns }) => new KernelBackend({ netns })],
  [
    'userspace',
    ({ socketDir, unsafePermissions }) => new UserspaceBackend({ socketDir, unsafePermissions }),
  ],
])

/**
 * Finds out which backends work here.
 *
 * @throws {WireGuardError} `ENOBACKEND` when none does; it says what was tried
 */
export async function detectBackends(options: DetectOptions): Promise<BackendStatus[]> {
  using deadline = new Deadline({ signal: options.signal })
  const wanted = options.backends ?? [...makers.keys()]
  if (!Array.isArray(wanted)) throw new InvalidTypeError('options.backends', 'must be an array')
  const looks = wanted.map((one, index) => candidate(one, index, options))
  const found = await Promise.all(looks.map((look) => look(deadline.signal)))
  if (found.some((status) => status.available)) return found
  const tried = found.map((status) => `${status.kind}: ${reasonOf(status)}`).join('; ')
  const message = `nothing on this machine speaks WireGuard (tried ${tried || 'nothing'})`
  throw new WireGuardError(message, { code: 'ENOBACKEND', operation: 'open' })
}

type Look = (signal: AbortSignal) => Promise<BackendStatus>

/** Mistakes in the options are found before anything is looked for. */
function candidate(wanted: unknown, index: number, options: DetectOptions): Look {
  if (isBackend(wanted)) {
    return async () => ({ kind: wanted.kind, available: true, backend: wanted })
  }
  const backend = makers.get(wanted)?.(options)
  if (backend) return (signal) => probe(backend, signal)
  const known = [...makers.keys()].join(', ')
  throw new InvalidTypeError(`options.backends[${index}]`, `must be a Backend or one of ${known}`)
}

function isBackend(wanted: unknown): wanted is Backend {
  if (typeof wanted !== 'object' || wanted === null || !('kind' in wanted)) return false
  return ['list', 'device', 'peers', 'configure'].every(
    (method) => typeof (wanted as Record<string, unknown>)[method] === 'function',
  )
}

async function probe(backend: Backend, signal: AbortSignal): Promise<BackendStatus> {
  const { kind } = backend
  try {
    await abortable(Promise.resolve(backend.probe?.({ signal })), signal)
    return { kind, available: true, backend }
  } catch (error) {
    await backend[Symbol.asyncDispose]()
    const reason = inContext(error, { operation: 'open', backend: kind })
    if (reason instanceof WireGuardError) return { kind, available: false, reason }
    throw reason
  }
}

const reasonOf = (status: BackendStatus): string => (status.available ? '' : status.reason.message)
