import {
  checkFields,
  checkLinkName,
  type FieldsOf,
  InvalidTypeError,
  invalid,
  showable,
  WireGuardError,
} from '@wgctrl/types'

/**
 * What a server lets its clients do.
 *
 * - `read`: readings, names, `watch`, `waitForHandshake`, `keepLedger`, `check`
 * - `handshakes`: to hear who wants to connect
 * - `peers`: to add, change and remove peers, and nothing else of a device: `configure` and `sync` with `peers` alone,
 *   `reresolve`; with `handshakes` also `justInTime`
 * - `configure`: that, and the device's own key, port and mark
 * - `interface`: that, and `create`, `delete`, `up`, `down`, `reconcile`, `ensure`
 * - `programs`: with `interface`, to have programs of the client's choice run as the server's user: a `daemon`, lines of
 *   hooks
 */
export type RemoteRight = 'read' | 'handshakes' | 'peers' | 'configure' | 'interface' | 'programs'

/** Who may do what. Absent fields allow the least. */
export interface RemoteAllow {
  /** Absent: all devices. */
  readonly devices?: readonly string[] | undefined
  /** Absent: `['read']`. */
  readonly calls?: readonly RemoteRight[] | undefined
  /**
   * `true`: private and preshared keys are part of what is read. Absent or `false`: they never leave the server; they can
   * be set all the same where `calls` allow it.
   */
  readonly secrets?: boolean | undefined
  /**
   * The users whose processes may connect to the socket. Absent: the server's own and root. `'any'`: whoever the mode of
   * the socket's file lets in; on systems that do not tell who it is (other than Linux) nothing else can be.
   */
  readonly uids?: readonly number[] | 'any' | undefined
}

const RIGHTS: readonly RemoteRight[] = [
  'read',
  'handshakes',
  'peers',
  'configure',
  'interface',
  'programs',
]

const ALLOW_FIELDS: FieldsOf<RemoteAllow> = {
  devices: true,
  calls: true,
  secrets: 'boolean',
  uids: true,
}

/** What a right brings along. */
const IMPLIED: Partial<Record<RemoteRight, readonly RemoteRight[]>> = {
  configure: ['peers'],
  interface: ['configure', 'peers'],
}

/** {@link RemoteAllow} after the check. */
export class Access {
  readonly secrets: boolean
  readonly uids: ReadonlySet<number> | 'any'
  readonly #devices: ReadonlySet<string> | undefined
  readonly #rights: ReadonlySet<RemoteRight>

  /** @throws {TypeError | WireGuardError} `EINVAL` with `path` */
  constructor(allow: RemoteAllow = {}) {
    checkFields(allow, 'allow', ALLOW_FIELDS)
    const { devices, calls = ['read'], secrets = false, uids = ownUids() } = allow
    const rights = listOf(calls, 'allow.calls').map((right, index) => checkRight(right, index))
    this.#rights = new Set(rights.flatMap((right) => [right, ...(IMPLIED[right] ?? [])]))
    this.#devices = devices && new Set(listOf(devices, 'allow.devices'))
    for (const [at, name] of (devices ?? []).entries()) checkLinkName(name, `allow.devices[${at}]`)
    this.secrets = secrets
    this.uids =
      uids === 'any'
        ? uids
        : new Set(listOf(uids, 'allow.uids').map((uid, at) => checkUid(uid, at)))
  }

  /** Whether a device is none of the client's business. */
  isHidden(device: string): boolean {
    return this.#devices !== undefined && !this.#devices.has(device)
  }

  /** @throws {WireGuardError} `EPERM`: it says what was asked, and which right is missing */
  require(call: string, device: string | undefined, rights: readonly RemoteRight[]): void {
    const missing = rights.find((right) => !this.#rights.has(right))
    if (missing !== undefined) {
      throw denied(call, device, `this server does not give its clients the right '${missing}'`)
    }
    if (device !== undefined && this.isHidden(device)) {
      throw denied(call, device, 'this server does not let its clients have this device')
    }
  }

  /** @throws {WireGuardError} `EPERM` */
  requireSecrets(call: string, device: string | undefined): void {
    if (this.secrets) return
    throw denied(call, device, 'this server does not let private and preshared keys out')
  }
}

function denied(call: string, device: string | undefined, problem: string): WireGuardError {
  const shown = device === undefined ? undefined : showable(device)
  const where = shown === undefined ? call : `${call} ${shown}`
  return new WireGuardError(`${where}: not allowed: ${problem}`, {
    code: 'EPERM',
    operation: call,
    device: shown,
  })
}

function ownUids(): number[] {
  const uid = process.geteuid?.()
  return uid === undefined ? [0] : [0, uid]
}

function listOf<T>(list: readonly T[], path: string): readonly T[] {
  if (!Array.isArray(list)) throw new InvalidTypeError(path, 'must be an array')
  return list
}

function checkRight(right: RemoteRight, index: number): RemoteRight {
  if (RIGHTS.includes(right)) return right
  throw invalid(`allow.calls[${index}]`, `must be one of ${RIGHTS.join(', ')}`)
}

function checkUid(uid: number, index: number): number {
  if (Number.isInteger(uid) && uid >= 0 && uid < 2 ** 32) return uid
  throw invalid(`allow.uids[${index}]`, 'must be the number of a user')
}
