import { execFile } from 'node:child_process'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { temporaryFolder } from './program.js'

const run = promisify(execFile)

const ADDRESS = '127.0.0.53'

/** @source RFC 1035, section 4.1.1: QR, RD, RA */
const ANSWER = 0x8180

/** @source RFC 1035, section 3.2.2 */
const TYPE_A = 1

/**
 * The only name server that this machine knows of, as long as the file's mounts last: it hears questions, and
 * answers those about `known.example` once it is told to, with 127.0.0.1.
 */
export class NameServer implements AsyncDisposable {
  /** Answers now. */
  isAnswering = false
  /** Questions that it heard. */
  heard = 0
  readonly #socket: Socket = createSocket('udp4')

  private constructor() {
    this.#socket.on('message', (question, { address, port }) => {
      this.heard++
      if (this.isAnswering) this.#socket.send(answerTo(question), port, address)
    })
  }

  /**
   * @param patience seconds that a question waits for an answer
   * @param attempts how often it is asked
   */
  static async open(patience = 1, attempts = 1): Promise<NameServer> {
    const file = join(await temporaryFolder(), 'resolv.conf')
    await writeFile(
      file,
      `nameserver ${ADDRESS}\noptions timeout:${patience} attempts:${attempts}\n`,
    )
    await run('mount', ['--bind', file, '/etc/resolv.conf'])
    const server = new NameServer()
    server.#socket.bind(53, ADDRESS)
    await once(server.#socket, 'listening')
    return server
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close()
    await run('umount', ['/etc/resolv.conf'])
  }
}

/** To a question of one name and type: an address where one of IPv4 is asked for, else that there is none. */
function answerTo(question: Buffer): Buffer {
  const end = question.indexOf(0, 12) + 5
  const hasAddress = question.readUInt16BE(end - 4) === TYPE_A
  const head = Buffer.from(question.subarray(0, end))
  for (const [at, value] of [ANSWER, 1, Number(hasAddress), 0, 0].entries()) {
    head.writeUInt16BE(value, 2 + 2 * at)
  }
  if (!hasAddress) return head
  // The name of the question, type, class, an hour, and four bytes of address.
  const record = [0xc0, 12, 0, TYPE_A, 0, 1, 0, 0, 14, 16, 0, 4, 127, 0, 0, 1]
  return Buffer.concat([head, Buffer.from(record)])
}
