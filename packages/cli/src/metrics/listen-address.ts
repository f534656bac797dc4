import { isIP } from 'node:net'

export interface ListenAddress {
  readonly host: string
  /** 0: the system chooses one. */
  readonly port: number
}

/**
 * `127.0.0.1:9586`, `[::1]:9586` or `localhost:9586`. A port alone is refused: it would say nothing about
 * who may ask.
 *
 * @param name how the error calls it
 * @throws {Error} in words for the user
 */
export function parseListenAddress(text: string, name = '--listen'): ListenAddress {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text)
  const [, six, host = six, digits] = match ?? []
  const port = Number(digits)
  const isRight = host !== undefined && port <= 65_535 && (six === undefined || isIP(six) === 6)
  if (isRight) return { host, port }
  throw new Error(
    `${name}: expected address:port, such as 127.0.0.1:9586 or [::1]:9586, got ${JSON.stringify(text)}`,
  )
}
