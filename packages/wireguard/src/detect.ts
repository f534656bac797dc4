import { KernelBackend } from '@wgctrl/netlink'
import {
  abortable,
  type Backend,
  Deadline,
  type DeviceKind,
  InvalidTypeError,
  inContext,
  invalid,
  reasonWithin,
  type WireGuardDialect,
  WireGuardError,
} from '@wgctrl/types'
import { UserspaceBackend, type UserspaceOptions } from '@wgctrl/uapi'
import { type BackendStatus, Backends, type Look } from './backends.js'
import { machineOf } from './interface/machine.js'

/** What the backends that come with this package need to know. */
export interface DetectOptions {
  /**
   * Which backends to use, first come first asked: by kind, or one of your own. Absent: all that
   * this package has and this machine supports, the kernel first.
   */
  readonly backends?: readonly (DeviceKind | Backend)[] | undefined
  /**
   * Which protocol the devices speak; absent: `wireguard`. `amneziawg`: those of the kernel module amneziawg and of
   * amneziawg-go, and no others. A client of each sees both kinds. A backend of your own has its own.
   */
  readonly dialect?: WireGuardDialect | undefined
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
  ['linux-kernel', ({ netns, dialect }) => new KernelBackend({ netns, dialect })],
  [
    'userspace',
    ({ socketDir, unsafePermissions, dialect }) =>
      new UserspaceBackend({ socketDir, unsafePermissions, dialect }),
  ],
])

/**
 * Finds out which backends work here.
 *
 * @throws {WireGuardError} when none does; it says what was tried. `ENOBACKEND`: this machine has none; another
 *   code is that of a backend that is here and refuses, such as `EPERM`
 */
export async function detectBackends(options: DetectOptions): Promise<Backends> {
  using deadline = new Deadline({ signal: options.signal })
  const wanted = options.backends ?? [...makers.keys()]
  if (!Array.isArray(wanted)) throw new InvalidTypeError('options.backends', 'must be an array')
  refuseMixed(wanted)
  const looks = wanted.map((one, index) => candidate(one, index, options))
  const found = await Promise.all(looks.map((look) => look(deadline.signal)))
  if (found.some((status) => status.available)) return new Backends(looks, found)
  throw noneFound(found)
}

/** What one does to the links of its own machine would be done to those of the other. */
function refuseMixed(wanted: readonly unknown[]): void {
  const isElsewhere = (one: unknown): boolean =>
    typeof one === 'object' && one !== null && machineOf(one) !== undefined
  if (wanted.length > 1 && wanted.some(isElsewhere)) {
    throw invalid(
      'options.backends',
      'a machine in memory stands for all: it has no other beside it',
    )
  }
}

/** Nothing here can be used: the code is that of a backend that refuses, if one does. */
function noneFound(found: readonly BackendStatus[]): WireGuardError {
  const reasons = found.flatMap((status) => (status.available ? [] : [status]))
  const tried = reasons.map(({ kind, reason }) => `${kind}: ${reasonWithin(reason)}`).join('; ')
  const refusal = reasons.find(({ reason }) => reason.code !== 'ENOBACKEND')?.reason
  const problem = refusal ? 'no backend can be used' : 'nothing on this machine speaks WireGuard'
  const { code = 'ENOBACKEND', backend, feature, errno } = refusal ?? {}
  return new WireGuardError(`${problem} (tried ${tried || 'nothing'})`, {
    ...{ code, operation: 'open', backend, feature, errno },
    ...(refusal && { cause: refusal }),
  })
}

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

/** Whatever a probe meets makes the backend one that is missing, and is the reason. It holds nothing then. */
async function probe(backend: Backend, signal: AbortSignal): Promise<BackendStatus> {
  const { kind } = backend
  try {
    await abortable(Promise.resolve(backend.probe?.({ signal })), signal)
    return { kind, available: true, backend }
  } catch (error) {
    if (signal.aborted || isMistake(error)) throw error
    return { kind, available: false, reason: reasonFrom(error, kind) }
  }
}

/** What is wrong with the options is no property of this machine. */
const isMistake = (error: unknown): boolean =>
  error instanceof WireGuardError && error.code === 'EINVAL' && error.path !== undefined

/** Of a runtime that fails in a way of its own there may be no code. */
function reasonFrom(error: unknown, kind: DeviceKind): WireGuardError {
  const reason = inContext(error, { operation: 'open', backend: kind })
  if (reason instanceof WireGuardError) return reason
  const { message, code } = error instanceof Error ? (error as NodeJS.ErrnoException) : {}
  const details = { operation: 'open', backend: kind, feature: kind, cause: error }
  return new WireGuardError(`open: ${message ?? String(error)}`, {
    code: typeof code === 'string' ? code : 'EUNSUPPORTED',
    ...details,
  })
}
