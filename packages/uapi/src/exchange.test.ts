import { checkConfig } from '@wgctrl/types'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { WirePeer } from './codec/reply.js'
import { encodeSet } from './codec/request.js'
import { askSet, exchangeSet, GetExchange } from './exchange.js'
import { expectNothingLeft, serve } from './sockets.fixture.js'

const never = new AbortController().signal
const KEY = 'ab'.repeat(32)
const PEER = `public_key=${KEY}\npreshared_key=${KEY}\n`
const chunks = () => encodeSet(checkConfig({ listenPort: 1 }))

const answering = (answer: string) =>
  serve((socket) => {
    socket.once('data', () => socket.write(answer))
  })

async function get(path: string): Promise<GetExchange> {
  const exchange = await GetExchange.open(path, never)
  onTestFinished(() => exchange.close())
  return exchange
}

async function readAll(exchange: GetExchange): Promise<WirePeer[]> {
  const all: WirePeer[] = []
  for (let peers = await exchange.next(); peers; peers = await exchange.next()) all.push(...peers)
  return all
}

describe('a get', () => {
  it('sends one request and reads up to the blank line, on a connection that stays open', async () => {
    expectNothingLeft()
    const server = await answering(`private_key=${KEY}\n${PEER}${PEER}errno=0\n\n`)
    const exchange = await get(server.path)
    expect(await readAll(exchange)).toHaveLength(2)
    expect(await exchange.next()).toBeUndefined()
    expect(server.received()).toBe('get=1\n\n')
    expect(server.connections()).toBe(1)
    exchange.close()
    await vi.waitFor(() => expect(server.connections()).toBe(0))
  })

  it('gives peers while the rest is on its way', async () => {
    const server = await serve((socket) => {
      socket.write(`listen_port=7\n${PEER}public_key=`)
    })
    const exchange = await get(server.path)
    expect(await exchange.next()).toEqual([])
    expect(exchange.reply.device.listenPort).toBe(7)
    expect(exchange.reply.isPastDevice).toBe(true)
  })

  it.each([
    ['nothing', ''],
    ['half a reply', `${PEER}`],
    ['a reply without errno', `${PEER}\n`],
    ['noise', '\xff\xfe\n'],
  ])('of %s: EPROTO', async (_, answer) => {
    const server = await serve((socket) => {
      socket.once('data', () => socket.end(answer))
    })
    await expect(readAll(await get(server.path))).rejects.toMatchObject({ code: 'EPROTO' })
  })

  it.each([
    ['errno=-5', 'EIO', 5],
    ['errno=13', 'EPERM', 13],
    ['errno=-1', 'EPERM', 1],
    ['errno=2147483647', 'EUNKNOWN', 2147483647],
  ])('of %s: %s', async (line, code, errno) => {
    const server = await answering(`${PEER}${line}\n\n`)
    await expect(readAll(await get(server.path))).rejects.toMatchObject({ code, errno })
  })

  it('that is closed wipes the secrets that nobody took', async () => {
    const server = await serve((socket) => {
      socket.once('data', () => socket.write(`private_key=${KEY}\n${PEER}${PEER}${PEER}`))
    })
    const exchange = await get(server.path)
    const [first, second] = (await exchange.next()) ?? []
    const secrets = [first, second].map((peer) => peer?.presharedKey)
    const bytes = new Uint8Array(32).fill(0xab)
    expect(secrets.map((secret) => secret?.toBytes())).toEqual([bytes, bytes])
    const { privateKey } = exchange.reply.device
    exchange.close()
    for (const secret of [...secrets, privateKey]) {
      expect(() => secret?.toBytes()).toThrow('wiped')
    }
  })

  it('that fails while it opens leaves nothing', async () => {
    expectNothingLeft()
    const server = await serve(() => {})
    const abort = new AbortController()
    const opening = GetExchange.open(server.path, abort.signal)
    abort.abort('why')
    await expect(opening).rejects.toBe('why')
    await vi.waitFor(() => expect(server.connections()).toBe(0))
  })
})

describe('a set', () => {
  it('passes with errno=0 and closes', async () => {
    const server = await answering('errno=0\n\n')
    await exchangeSet(server.path, chunks(), never)
    expect(server.received()).toBe('set=1\nlisten_port=1\n\n')
    await vi.waitFor(() => expect(server.connections()).toBe(0))
  })

  it.each([
    ['errno=-98', 'EADDRINUSE'],
    ['errno=98', 'EADDRINUSE'],
    ['errno=-22', 'EINVAL'],
  ])('of %s: %s', async (line, code) => {
    const server = await answering(`${line}\n\n`)
    await expect(exchangeSet(server.path, chunks(), never)).rejects.toMatchObject({ code })
    expect(await askSet(server.path, chunks(), never)).toBe(Number(line.slice(6)))
  })

  it('passes when the connection is reset behind a whole answer', async () => {
    const server = await serve((socket) => {
      socket.pause()
      socket.write('errno=0\n\n', () => socket.destroy())
    })
    await exchangeSet(server.path, chunks(), never)
  })

  it.each([
    ['nothing', ''],
    ['half an answer', 'errno=0\n'],
    ['peers', `${PEER}errno=0\n\n`],
    ['peers and peers', PEER.repeat(3)],
  ])('that is answered by %s: EPROTO', async (_, answer) => {
    const server = await serve((socket) => {
      socket.once('data', () => socket.end(answer))
    })
    await expect(exchangeSet(server.path, chunks(), never)).rejects.toMatchObject({
      code: 'EPROTO',
    })
  })

  it('that is refused in the middle: no more is sent, and the refusal arrives', async () => {
    const server = await serve((socket) => {
      socket.once('data', () => {
        socket.pause()
        socket.write('errno=-22\n\n', () => socket.destroy())
      })
    })
    const sent: Uint8Array[] = []
    function* endless(): Generator<Uint8Array> {
      for (let n = 0; n < 10_000; n++) {
        const chunk = Buffer.alloc(64 * 1024, 'secret')
        sent.push(chunk)
        yield chunk
      }
    }
    await expect(exchangeSet(server.path, endless(), never)).rejects.toMatchObject({
      code: 'EINVAL',
    })
    expect(sent.length).toBeLessThan(10_000)
    await vi.waitFor(() => expect(sent.every((chunk) => chunk.every((byte) => !byte))).toBe(true))
  })

  it('gives others a turn between chunks', async () => {
    const server = await serve((socket) => {
      socket.on('data', (chunk) => {
        if (chunk.includes('\n\n')) socket.write('errno=0\n\n')
      })
    })
    let turns = 0
    const timer = setInterval(() => turns++, 0)
    onTestFinished(() => clearInterval(timer))
    function* slow(): Generator<Uint8Array> {
      for (let n = 0; n < 20; n++) {
        const until = performance.now() + 5
        while (performance.now() < until);
        yield Buffer.from(n === 0 ? 'set=1\n' : n === 19 ? '\n\n' : `key${n}=1\n`)
      }
    }
    await exchangeSet(server.path, slow(), never)
    expect(turns).toBeGreaterThan(5)
  })

  it('ends at the signal, when nobody reads and when nobody answers', async () => {
    expectNothingLeft()
    for (const size of [1, 4_000_000]) {
      const server = await serve((socket) => socket.pause())
      const secret = Buffer.alloc(size, 'x')
      const abort = new AbortController()
      setTimeout(() => abort.abort('why'), 50)
      await expect(exchangeSet(server.path, [secret], abort.signal)).rejects.toBe('why')
      await vi.waitFor(() => expect(secret.every((byte) => byte === 0)).toBe(true))
    }
  })
})
