import {
  type Backend,
  InvalidRangeError,
  InvalidTypeError,
  inContext,
  WireGuardError,
} from '@wgctrl/types'

/** What a backend says of a device that another backend may have all the same, the least telling first. */
const REFUSALS: readonly string[] = [
  'ENODEV',
  'EUNSUPPORTED',
  'ENOBACKEND',
  'ENOTWIREGUARD',
  'ECONNREFUSED',
  'EPERM',
]

/** From here on a refusal is about the very device. */
const ABOUT_THE_DEVICE = REFUSALS.indexOf('ECONNREFUSED')

/**
 * True of an error after which the next backend is asked: this one has done nothing. So of a name that cannot
 * be that of a userspace device: the kernel takes more.
 */
export function isRefusal(error: unknown): error is WireGuardError {
  if (!(error instanceof WireGuardError)) return false
  const isName = error.code === 'EINVAL' && error.path === 'name'
  return isName || (REFUSALS.includes(error.code) && !error.appliedPeers)
}

/**
 * Of several refusals the one that says most, the first of equals.
 *
 * @param missing why backends could not be asked, which may have the device
 */
export function mostTelling(
  refusals: readonly WireGuardError[],
  missing: readonly WireGuardError[] = [],
): WireGuardError | undefined {
  const rank = (error: WireGuardError): number => REFUSALS.indexOf(error.code)
  const best = refusals.reduce<WireGuardError | undefined>(
    (most, error) => (most && rank(most) >= rank(error) ? most : error),
    undefined,
  )
  return best && rank(best) >= ABOUT_THE_DEVICE ? best : (missing[0] ?? best)
}

/** Aborts, the caller's mistakes and bugs are no device's failure. */
export function failureOf(
  error: unknown,
  operation: string,
  { kind }: Backend,
  device?: string,
): WireGuardError {
  const explained = inContext(error, { operation, backend: kind, ...(device && { device }) })
  const isMistake = explained instanceof InvalidTypeError || explained instanceof InvalidRangeError
  if (explained instanceof WireGuardError && !isMistake) return explained
  throw explained
}
