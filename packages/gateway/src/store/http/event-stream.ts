import { tooLarge } from './requests.js'

/** An event of a stream of server-sent events. */
export interface ServerEvent {
  readonly type: string
  readonly data: string
  readonly id: string | undefined
}

/**
 * Reads server-sent events from a stream that is cut anywhere.
 *
 * @source html.spec.whatwg.org, section 9.2.6: parsing an event stream
 */
export class EventStreamReader {
  readonly #most: number
  readonly #decoder = new TextDecoder()
  #rest = ''
  #type = ''
  #data: string[] = []
  #length = 0
  #id: string | undefined

  /** @param most characters of an event */
  constructor(most: number) {
    this.#most = most
  }

  /** @throws {WireGuardError} `EMSGSIZE` when an event is too long */
  *read(piece: Uint8Array): Generator<ServerEvent> {
    this.#rest += this.#decoder.decode(piece, { stream: true })
    const lines = this.#rest.split(/\r\n|\n|\r(?!$)/)
    this.#rest = lines.pop() ?? ''
    for (const line of lines) {
      const event = this.#take(line)
      if (event) yield event
    }
    if (this.#rest.length + this.#length > this.#most) {
      throw tooLarge(`an event has more than ${this.#most} characters`)
    }
  }

  #take(line: string): ServerEvent | undefined {
    if (line === '') return this.#end()
    const [, name = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? []
    this.#length += line.length
    if (name === 'event') this.#type = value
    if (name === 'data') this.#data.push(value)
    if (name === 'id' && !value.includes('\0')) this.#id = value
    return undefined
  }

  #end(): ServerEvent | undefined {
    const event = { type: this.#type || 'message', data: this.#data.join('\n'), id: this.#id }
    const isEmpty = this.#data.length === 0 && this.#type === ''
    ;[this.#type, this.#data, this.#length] = ['', [], 0]
    return isEmpty ? undefined : event
  }
}
