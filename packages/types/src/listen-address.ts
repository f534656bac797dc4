import { parseAddress } from './address.js'
import { InvalidTypeError, invalid } from './errors.js'
import { quoted } from './showable.js'

/** Where a program serves over TCP. */
export interface ListenAddress {
  /** An address, without brackets, or a name. */
  readonly host: string
  /** 0: the system chooses one. */
  readonly port: number
}

/**
 * Reads `127.0.0.1:9586`, `[::1]:9586` or `localhost:9586`. A port alone is refused: it would say nothing about who may
 * ask.
 *
 * @param path the field, or the option of a command
 * @throws {TypeError | WireGuardError} `EINVAL` with `path`
 */
export function parseListenAddress(text: string, path = 'listen'): ListenAddress {
  if (typeof text !== 'string') throw new InvalidTypeError(path, 'must be a text')
  const match = /^(?:\[([^\]]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text)
  const [, six, host = six, digits] = match ?? []
  const port = Number(digits)
  const isRight = six === undefined || parseAddress(six)?.family === 6
  if (host !== undefined && port <= 65_535 && isRight) return { host, port }
  throw invalid(
    path,
    `expected address:port, such as 127.0.0.1:9586 or [::1]:9586, got ${quoted(text)}`,
  )
}
