import { WireGuardError } from '@wgctrl/types'

/** What a backend says of a device that another backend may have all the same, the least telling first. */
const REFUSALS: readonly string[] = [
  'ENODEV',
  'EUNSUPPORTED',
  'ENOBACKEND',
  'ENOTWIREGUARD',
  'ECONNREFUSED',
  'EPERM',
]

/** True of an error after which the next backend is asked: this one has done nothing. */
export function isRefusal(error: unknown): error is WireGuardError {
  return error instanceof WireGuardError && REFUSALS.includes(error.code) && !error.appliedPeers
}

/** Of several refusals the one that says most, the first of equals. */
export function mostTelling(refusals: readonly WireGuardError[]): WireGuardError | undefined {
  const rank = (error: WireGuardError): number => REFUSALS.indexOf(error.code)
  return refusals.reduce<WireGuardError | undefined>(
    (best, error) => (best && rank(best) >= rank(error) ? best : error),
    undefined,
  )
}
