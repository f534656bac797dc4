import { WireGuardError } from '@wgctrl/types'
import { broken } from './wire-reader.js'

/**
 * Says who we are: whoever the kernel says that we are. Without a number, which in a user namespace is another on the other side.
 *
 * @source D-Bus Specification, "Authentication Protocol", EXTERNAL
 */
export const GREETING: Uint8Array = new TextEncoder().encode('\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n')

const LONGEST_LINE = 512

/** Reads what a bus says to the {@link GREETING}. */
export class GreetingReader {
  #line = ''

  /**
   * @returns what stands behind, of the first message; `undefined`: the greeting goes on
   * @throws {WireGuardError} `EPERM` when it does not let us in, `EPROTO`
   */
  push(chunk: Uint8Array): Uint8Array | undefined {
    for (const [at, byte] of chunk.entries()) {
      this.#line += String.fromCharCode(byte)
      if (this.#line.length > LONGEST_LINE) throw broken('a greeting without an end')
      if (!this.#line.endsWith('\r\n')) continue
      const [word] = this.#line.trimEnd().split(' ')
      this.#line = ''
      if (word === 'OK') return chunk.subarray(at + 1)
      if (word === 'DATA') continue
      if (word !== 'REJECTED' && word !== 'ERROR') throw broken('no greeting')
      throw new WireGuardError('the system bus does not let this user in', { code: 'EPERM' })
    }
    return undefined
  }
}
