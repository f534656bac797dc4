import { InvalidTypeError, type PublicKey, parsePublicKey } from '@wgctrl/types'
import { type ClientRules, checkClient } from '../clients/client.js'
import type { StoreChange } from './store.js'

/**
 * A change as services write it: `{ publicKey, revision, client }`, with `null` for one that nobody is any more.
 *
 * @throws {TypeError | RangeError | WireGuardError} `EINVAL`; `path` names the field
 */
export function changeOf(
  value: unknown,
  rules: ClientRules,
  revision?: number,
): Extract<StoreChange, { publicKey: PublicKey }> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InvalidTypeError('change', 'must be an object with publicKey and client')
  }
  const { publicKey: key, client, revision: own } = value as Record<string, unknown>
  const publicKey = parsePublicKey(key as string, 'change.publicKey')
  const at = revisionOf(own ?? revision, 'change.revision')
  if (client === undefined) throw new InvalidTypeError('change.client', 'must be a client or null')
  if (client === null) return { type: 'revoked', publicKey, revision: at }
  const checked = checkClient(client, 'change.client', publicKey, rules)
  return { type: 'changed', publicKey, client: checked, revision: at }
}

export function revisionOf(value: unknown, path: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw new InvalidTypeError(path, 'must be a whole number that is not negative')
}
