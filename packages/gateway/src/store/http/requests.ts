import { abortable, inContext, WireGuardError } from '@wgctrl/types'
import type { HttpStoreConfig } from '../../config/gateway-config.js'
import { readTrusted } from '../../files/trusted-text.js'
import { Patience } from './patience.js'

export interface Answer {
  readonly status: number
  readonly etag?: string | undefined
  /** Of status 200. */
  readonly body?: unknown
}

/** A request that failed and may be made again. */
const isPassing = (error: unknown): boolean => (error as { code?: unknown }).code === 'EAGAIN'

/**
 * The requests of a store to its service: with its token, a time each, another try for what may pass, and no answer
 * without end.
 */
export class Requests {
  readonly #config: HttpStoreConfig

  constructor(config: HttpStoreConfig) {
    this.#config = config
  }

  /**
   * Gets JSON.
   *
   * @param most bytes that the answer may have
   * @throws {WireGuardError} `ETIMEDOUT`, `EPERM` (401 and 403), `EPROTO` when the answer is none, `EMSGSIZE` when it
   *   has more than `most` bytes, `EAGAIN` for other statuses than 200, 304, 404 and 410 and for connections that fail
   */
  async json(
    url: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
    most: number,
  ): Promise<Answer> {
    for (let tries = this.#config.retries; ; tries--) {
      try {
        return await this.#once(url, headers, signal, most)
      } catch (error) {
        if (tries <= 0 || signal.aborted || !isPassing(error)) throw error
      }
    }
  }

  /**
   * Opens an answer that goes on.
   *
   * @throws {WireGuardError} as {@link json}, and `ESTALE` for status 410
   */
  async stream(
    url: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<AsyncIterable<Uint8Array>> {
    const response = await this.#fetch(url, { accept: 'text/event-stream', ...headers }, signal)
    await refuseStatus(response)
    await refuseType(response, 'text/event-stream')
    return piecesOf(response, signal)
  }

  async #once(
    url: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
    most: number,
  ): Promise<Answer> {
    const { timeout } = this.#config
    const late = new WireGuardError(`no answer within ${timeout} ms`, { code: 'ETIMEDOUT' })
    const patience = new Patience(timeout, late, signal)
    try {
      const accept = { accept: 'application/json', ...headers }
      const response = await this.#fetch(url, accept, patience.signal)
      const { status } = response
      if (NOTHING.has(status)) {
        await response.body?.cancel()
        return { status }
      }
      await refuseStatus(response)
      await refuseType(response, 'application/json')
      const body = parseJson(await textOf(piecesOf(response, patience.signal), most))
      return { status, etag: response.headers.get('etag') ?? undefined, body }
    } catch (error) {
      throw patience.signal.aborted ? patience.signal.reason : asOurs(error)
    } finally {
      patience.end()
    }
  }

  async #fetch(
    url: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<Response> {
    const token = await this.#token()
    try {
      return await fetch(url, {
        headers: { ...headers, ...(token !== undefined && { authorization: `Bearer ${token}` }) },
        // The token is for this service alone.
        redirect: 'error',
        signal,
      })
    } catch (error) {
      throw asOurs(error)
    }
  }

  async #token(): Promise<string | undefined> {
    const { tokenFile } = this.#config
    if (tokenFile === undefined) return undefined
    const token = (await readTrusted(tokenFile)).text.trim()
    if (/^[\x21-\x7e]+$/.test(token)) return token
    throw new WireGuardError(`${tokenFile} has no token`, { code: 'EINVAL' })
  }
}

/** What has no body that anybody reads: not changed, nobody, gone. */
const NOTHING = new Set([304, 404, 410])

const CODES: ReadonlyMap<number, string> = new Map([
  [401, 'EPERM'],
  [403, 'EPERM'],
  [410, 'ESTALE'],
])

async function refuseStatus(response: Response): Promise<void> {
  const { status } = response
  if (status === 200) return
  await response.body?.cancel()
  const code = CODES.get(status) ?? 'EAGAIN'
  throw new WireGuardError(`the service answered with status ${status}`, { code })
}

async function refuseType(response: Response, wanted: string): Promise<void> {
  const [type = ''] = (response.headers.get('content-type') ?? '').split(';')
  if (type.trim().toLowerCase() === wanted) return
  await response.body?.cancel()
  throw protocol(`the service answered with something else than ${wanted}`)
}

/**
 * What comes of an answer. Each piece is waited for with the signal: in Node 20 `fetch` does not hear of it any more once the
 * answer began and memory was tidied, and a service that falls silent would be waited for for ever.
 */
async function* piecesOf(response: Response, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  try {
    for (;;) {
      const { done, value } = await abortable(reader.read(), signal)
      if (done) return
      yield value
    }
  } finally {
    // Of an answer that goes on it closes the connection.
    reader.cancel().catch(() => {})
  }
}

async function textOf(body: AsyncIterable<Uint8Array>, most: number): Promise<string> {
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const piece of body) {
    length += piece.length
    if (length > most) throw tooLarge(`the service's answer has more than ${most} bytes`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString('utf8')
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw protocol('the service answered with something that is no JSON')
  }
}

export const protocol = (text: string): WireGuardError =>
  new WireGuardError(text, { code: 'EPROTO' })

export const tooLarge = (text: string): WireGuardError =>
  new WireGuardError(text, { code: 'EMSGSIZE' })

/** `fetch` says no more than "fetch failed"; why is in its cause. */
function asOurs(error: unknown): unknown {
  if (error instanceof WireGuardError || (error as Error).name === 'AbortError') return error
  const { cause } = error as { cause?: { code?: string; message?: string } }
  const reason = cause?.code ?? cause?.message ?? (error as Error).message
  const text = `the service cannot be reached: ${reason}`
  return inContext(new WireGuardError(text, { code: 'EAGAIN', cause: error }), {
    operation: 'store',
  })
}
