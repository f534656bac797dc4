import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { expect } from 'vitest'
import { PASSWORD } from './panel-process.js'

/** What a client of the panel's list is, as the page gets it. */
export interface Row {
  readonly id: number
  readonly name: string
  readonly publicKey: string
  readonly addresses: readonly string[]
  readonly enabled: boolean
  readonly received: number
  readonly transmitted: number
  readonly state?: string
}

interface News {
  readonly clients: readonly Row[]
  readonly gone: readonly number[]
  readonly problem: string | null
  readonly isAll: boolean
}

/** Somebody who asks the panel without a browser. */
export class Visitor {
  readonly url: string
  #cookie = ''

  constructor(url: string) {
    this.url = url
  }

  static async loggedIn(url: string): Promise<Visitor> {
    const visitor = new Visitor(url)
    const response = await visitor.ask('POST', 'login', { password: PASSWORD })
    expect(response.status).toBe(204)
    visitor.#cookie = response.headers.get('set-cookie')?.split(';')[0] ?? ''
    return visitor
  }

  ask(method: string, path: string, body?: object, headers: object = {}): Promise<Response> {
    return fetch(`${this.url}/api/${path}`, {
      method,
      headers: { 'Content-Type': 'application/json', Cookie: this.#cookie, ...headers },
      ...(body && { body: JSON.stringify(body) }),
    })
  }

  /** Of a request that has to succeed. */
  async call<T>(method: string, path: string, body?: object): Promise<T> {
    const response = await this.ask(method, path, body)
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return (text === '' ? undefined : JSON.parse(text)) as T
  }

  /** What an open tab is told, news by news, until it is closed. */
  async *news(signal?: AbortSignal): AsyncGenerator<News> {
    const request = get(`${this.url}/api/events`, { headers: { Cookie: this.#cookie }, signal })
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    let text = ''
    try {
      for await (const chunk of response) {
        text += chunk
        const events = text.split('\n\n')
        text = events.pop() ?? ''
        for (const event of events) if (event.startsWith('data: ')) yield JSON.parse(event.slice(6))
      }
    } finally {
      request.destroy()
    }
  }

  /** What a tab is told when it is opened. */
  async firstNews(): Promise<News> {
    for await (const news of this.news()) return news
    throw new Error('the panel told nothing')
  }

  /** All clients, once. */
  async clients(): Promise<readonly Row[]> {
    return (await this.firstNews()).clients
  }
}
