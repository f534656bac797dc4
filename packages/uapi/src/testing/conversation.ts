import type { FakeDaemon } from './fake-daemon.js'
import { formatGetReply } from './get-reply.js'
import { EINVAL, EIO, PANIC, SetRequest } from './set-request.js'

/** wireguard-go reads so much at a time, and forgets what it read beyond the end of a set. */
const BLOCK = 4096

/**
 * One connection to a fake daemon.
 *
 * @source wireguard-go, device/uapi.go: IpcHandle; boringtun, device/api.rs: register_api_handler
 */
export class Conversation {
  /** True when the daemon hangs up. */
  isOver = false
  readonly #daemon: FakeDaemon
  readonly #requests: string[]
  #pending = ''
  #request: string[] = []
  #set: SetRequest | undefined

  constructor(daemon: FakeDaemon, requests: string[]) {
    this.#daemon = daemon
    this.#requests = requests
  }

  /** @returns what the daemon answers to this much */
  push(text: string): string {
    let answer = ''
    for (let at = 0; at < text.length; at += BLOCK)
      answer += this.#block(text.slice(at, at + BLOCK))
    return answer
  }

  #block(text: string): string {
    const lines = (this.#pending + text).split('\n')
    this.#pending = lines.pop() ?? ''
    let answer = ''
    for (const line of lines) {
      if (this.isOver) return answer
      const wasSet = this.#set !== undefined
      answer += this.#line(line)
      if (wasSet && !this.#set) {
        this.#pending = ''
        return answer
      }
    }
    return answer
  }

  #line(line: string): string {
    if (this.#set) return this.#setLine(line)
    if (this.#request.length === 0) return this.#operation(line)
    const isWhole = line === ''
    this.#record()
    if (isWhole) return this.#get()
    this.isOver = true
    return statusReply(-EINVAL)
  }

  #operation(line: string): string {
    this.#request.push(line)
    if (line === 'set=1') this.#set = new SetRequest(this.#daemon)
    else if (line !== 'get=1') return this.#unknownOperation()
    else if (this.#daemon.isBoringtun) return this.#hangUpWith(this.#get())
    return ''
  }

  #get(): string {
    if (this.#daemon.isBoringtun) this.#record()
    return formatGetReply(this.#daemon) + statusReply(0)
  }

  #unknownOperation(): string {
    this.#record()
    return this.#hangUpWith(this.#daemon.isBoringtun ? statusReply(EIO) : '')
  }

  #setLine(line: string): string {
    if (line !== '') this.#request.push(line)
    const status = this.#set?.line(line)
    if (status === undefined) return ''
    this.#set = undefined
    this.#record()
    if (status === PANIC) return this.#hangUpWith('')
    if (this.#daemon.isBoringtun) return this.#hangUpWith(statusReply(status))
    return statusReply(0 - status)
  }

  #hangUpWith(answer: string): string {
    this.isOver = true
    return answer
  }

  #record(): void {
    this.#requests.push(this.#request.join('\n'))
    this.#request = []
  }
}

const statusReply = (errno: number): string => `errno=${errno}\n\n`
