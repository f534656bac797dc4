import { isPublicKey, type PublicKey } from '@wgctrl/types'

/** The key of a client in a bucket, which takes no `+` and no `/`: base64url without padding. */
export const keyOf = (publicKey: PublicKey): string =>
  Buffer.from(publicKey, 'base64').toString('base64url')

/** The client that a key of a bucket is for; `undefined`: it is for none. */
export function publicKeyOf(key: string): PublicKey | undefined {
  const publicKey = Buffer.from(key, 'base64url').toString('base64')
  return isPublicKey(publicKey) && keyOf(publicKey) === key ? publicKey : undefined
}
