import { WireGuardError } from '@wgctrl/types'
import { readTrustedBytes } from '../files/trusted-text.js'

/** Who a gateway is to NATS. */
export interface Credentials {
  readonly jwt: string
  /** The private key, as text in base32: a part of what {@link wipe} overwrites. */
  readonly seed: Uint8Array
  wipe(): void
}

/**
 * Reads a file of credentials, as nsc(1) makes it. The private key in it never becomes a string.
 *
 * @throws {WireGuardError} as `readTrusted`; `EINVAL` when it has none
 */
export async function readCredentials(path: string): Promise<Credentials> {
  const { bytes } = await readTrustedBytes(path)
  const wipe = (): void => void bytes.fill(0)
  const [jwt, seed] = [lineBehind(bytes, 'NATS USER JWT'), lineBehind(bytes, 'USER NKEY SEED')]
  if (jwt && seed) return { jwt: jwt.toString('latin1'), seed, wipe }
  wipe()
  throw new WireGuardError(`${path} has no credentials of NATS`, { code: 'EINVAL' })
}

/** The line that stands behind a heading, without blanks at its end. */
function lineBehind(bytes: Buffer, name: string): Buffer | undefined {
  const heading = `-----BEGIN ${name}-----`
  const at = bytes.indexOf(heading)
  const start = at < 0 ? 0 : bytes.indexOf('\n', at) + 1
  if (start === 0) return undefined
  const end = bytes.indexOf('\n', start)
  const line = bytes.subarray(start, end < 0 ? undefined : end)
  const length = line.findLastIndex((byte) => byte > 0x20) + 1
  return length === 0 ? undefined : line.subarray(0, length)
}
