import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { getEventListeners, once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { UapiSocket } from './socket.js'
import { leaveStaleSocket, serve, temporaryDirectory } from './sockets.fixture.js'

const never = new AbortController().signal
const text = (chunk: Uint8Array | undefined): string | undefined =>
  chunk && Buffer.from(chunk).toString()

async function open(path: string, signal = never): Promise<UapiSocket> {
  const socket = await UapiSocket.open(path, signal)
  onTestFinished(() => socket.close())
  return socket
}

async function receiveAll(socket: UapiSocket): Promise<Buffer> {
  const chunks: Buffer[] = []
  for (let chunk = await socket.receive(); chunk; chunk = await socket.receive()) {
    chunks.push(Buffer.from(chunk))
  }
  return Buffer.concat(chunks)
}

describe('opening', () => {
  it('what is not there: ENOENT', async () => {
    const directory = await temporaryDirectory()
    const opening = UapiSocket.open(join(directory, 'wg0.sock'), never)
    await expect(opening).rejects.toMatchObject({ code: 'ENOENT', syscall: 'connect' })
  })

  it('a stale socket, a file, a directory: ECONNREFUSED', async () => {
    const directory = await temporaryDirectory()
    await leaveStaleSocket(join(directory, 'stale.sock'))
    await writeFile(join(directory, 'file.sock'), '')
    await mkdir(join(directory, 'directory.sock'))
    for (const name of ['stale', 'file', 'directory']) {
      const opening = UapiSocket.open(join(directory, `${name}.sock`), never)
      await expect(opening).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    }
  })

  it('with a signal that has fired: its reason, and nobody is dialled', async () => {
    const server = await serve(() => {})
    await expect(UapiSocket.open(server.path, AbortSignal.abort('why'))).rejects.toBe('why')
    await sleep(20)
    expect(server.connections()).toBe(0)
  })

  it('with a signal that fires meanwhile: its reason', async () => {
    const server = await serve(() => {})
    const abort = new AbortController()
    const opening = UapiSocket.open(server.path, abort.signal)
    abort.abort('why')
    await expect(opening).rejects.toBe('why')
    expect(getEventListeners(abort.signal, 'abort')).toEqual([])
    await vi.waitFor(() => expect(server.connections()).toBe(0))
  })

  it('waits while the line of a stopped daemon is full', async () => {
    const path = join(await temporaryDirectory(), 'wg0.sock')
    const stopped = await stoppedDaemon(path)
    const inLine = await Promise.all([open(path), open(path)])
    const abort = new AbortController()
    const third = UapiSocket.open(path, abort.signal)
    const fourth = UapiSocket.open(path, AbortSignal.timeout(100))
    await expect(fourth).rejects.toMatchObject({ name: 'TimeoutError' })
    for (const socket of inLine) socket.close()
    stopped.kill('SIGCONT')
    const socket = await third
    socket.close()
  })
})

describe('receiving', () => {
  it('gives what comes, and undefined behind the last', async () => {
    const server = await serve((socket) => socket.end('errno=0\n\n'))
    const socket = await open(server.path)
    expect(text(await socket.receive())).toBe('errno=0\n\n')
    expect(await socket.receive()).toBeUndefined()
    expect(await socket.receive()).toBeUndefined()
  })

  it('holds up whoever sends faster than it is asked', async () => {
    let written = 0
    const block = Buffer.alloc(64 * 1024)
    const server = await serve((socket) => {
      const more = (): void => {
        while (written < 50e6 && socket.write(block)) written += block.length
      }
      socket.on('drain', more)
      more()
    })
    const socket = await open(server.path)
    await socket.receive()
    await sleep(50)
    expect(written).toBeLessThan(2e6)
  })

  it('gives others a turn when two chunks have come, however much lies ready', async () => {
    const path = join(await temporaryDirectory(), 'wg0.sock')
    const size = 8 * 1024 * 1024
    await talker(path, size)
    const socket = await open(path)
    let [all, inTurn, most] = [0, 0, 0]
    const nextTurn = (): void => {
      inTurn = 0
      next = setImmediate(nextTurn)
    }
    let next = setImmediate(nextTurn)
    onTestFinished(() => clearImmediate(next))
    for (let chunk = await socket.receive(); chunk; chunk = await socket.receive()) {
      all += chunk.length
      inTurn++
      most = Math.max(most, inTurn)
      // Long enough for the other side to have more.
      for (const end = performance.now() + 1; performance.now() < end; );
    }
    expect(all).toBe(size)
    expect(most).toBeLessThanOrEqual(2)
  })

  it('loses nothing of what was sent before a reset', async () => {
    const reply = Buffer.alloc(70_536, 'x')
    const server = await serve((socket) => {
      socket.pause()
      socket.write(reply, () => socket.destroy())
    })
    const socket = await open(server.path)
    await socket.send(Buffer.from('never read: the end of this connection is a reset'))
    await sleep(20)
    const first = Buffer.from((await socket.receive()) ?? [])
    await sleep(50)
    expect(Buffer.concat([first, await receiveAll(socket)]).length).toBe(reply.length)
  })

  it('reads ahead when it is told to', async () => {
    const size = 3_000_000
    let isOut = false
    const server = await serve((socket) => {
      socket.end(Buffer.alloc(size, 'x'), () => {
        isOut = true
      })
    })
    const socket = await open(server.path)
    const first = text(await socket.receive()) ?? ''
    await sleep(20)
    expect(isOut).toBe(false)
    socket.readAhead()
    await vi.waitFor(() => expect(isOut).toBe(true))
    const rest = (await receiveAll(socket)).toString()
    expect(first.length + rest.length).toBe(size)
    expect(/^x+$/.test(first + rest)).toBe(true)
  })

  it('reads ahead what came before and was not received', async () => {
    const server = await serve((socket) => {
      socket.write('first ')
      setTimeout(() => socket.end('second'), 50)
    })
    const socket = await open(server.path)
    await sleep(20)
    socket.readAhead()
    socket.readAhead()
    await sleep(60)
    expect((await receiveAll(socket)).toString()).toBe('first second')
  })

  it('ends with the reason of the signal', async () => {
    const server = await serve(() => {})
    const abort = new AbortController()
    const socket = await open(server.path, abort.signal)
    setTimeout(() => abort.abort('why'), 10)
    await expect(socket.receive()).rejects.toBe('why')
    await expect(socket.receive()).rejects.toBe('why')
    await expect(socket.send(Buffer.from('x'))).rejects.toBe('why')
    await vi.waitFor(() => expect(server.connections()).toBe(0))
  })
})

describe('sending', () => {
  it('zeroes what is out', async () => {
    const server = await serve(() => {})
    const socket = await open(server.path)
    const bytes = Buffer.from('secret')
    expect(await socket.send(bytes)).toBe(true)
    await vi.waitFor(() => expect(server.received()).toBe('secret'))
    expect(bytes).toEqual(Buffer.alloc(6))
  })

  it('waits until the other side takes more', async () => {
    let peer: Socket | undefined
    const server = await serve((socket) => {
      peer = socket.pause()
    })
    const socket = await open(server.path)
    const size = 4_000_000
    let isSent = false
    const sending = socket.send(Buffer.alloc(size)).then((result) => {
      isSent = true
      return result
    })
    await sleep(30)
    expect(isSent).toBe(false)
    peer?.resume()
    expect(await sending).toBe(true)
    await vi.waitFor(() => expect(server.received().length).toBe(size))
  })

  it('stops waiting for an answer that came early, and for the signal', async () => {
    const server = await serve((socket) => socket.pause().write('errno=-22\n\n'))
    const answered = await open(server.path)
    expect(await answered.send(Buffer.alloc(4_000_000))).toBe(true)
    const late = Buffer.from('late')
    expect(await answered.send(late)).toBe(false)
    expect(late).toEqual(Buffer.alloc(4))

    const silent = await serve((socket) => socket.pause())
    const abort = new AbortController()
    const socket = await open(silent.path, abort.signal)
    const bytes = Buffer.alloc(4_000_000, 'secret')
    const sending = socket.send(bytes)
    setTimeout(() => abort.abort('why'), 10)
    await expect(sending).rejects.toBe('why')
    await vi.waitFor(() => expect(bytes.every((byte) => byte === 0)).toBe(true))
    const more = Buffer.from('more')
    await expect(socket.send(more)).rejects.toBe('why')
    expect(more).toEqual(Buffer.alloc(4))
  })

  it('to one that has answered and gone does not lose the answer', async () => {
    const path = join(await temporaryDirectory(), 'wg0.sock')
    const answerer = await answererThatGoes(path)
    const socket = await open(path)
    await socket.send(Buffer.from('set=1\n'))
    // This process does not look at its sockets, as while it makes a chunk.
    execFileSync(process.execPath, ['-e', untilGone, String(answerer.pid)])
    const results = [await socket.send(Buffer.alloc(1000)), await socket.send(Buffer.alloc(1000))]
    expect(results.at(-1)).toBe(false)
    expect((await receiveAll(socket)).toString()).toBe('errno=-98\n\n')
    await vi.waitFor(() => expect(answerer.exitCode).toBe(0))
  })
})

describe('closing', () => {
  it('lets go of everything and zeroes what was not received', async () => {
    const server = await serve((socket) => socket.write('secret'))
    const abort = new AbortController()
    const socket = await UapiSocket.open(server.path, abort.signal)
    const received = await socket.receive()
    expect(text(received)).toBe('secret')
    socket.close()
    expect(text(received)).toBe('\0\0\0\0\0\0')
    expect(getEventListeners(abort.signal, 'abort')).toEqual([])
    await vi.waitFor(() => expect(server.connections()).toBe(0))
  })
})

/** Listens with a line of two, takes nobody out of it, and is stopped. */
async function stoppedDaemon(path: string): Promise<ChildProcess> {
  const child = await daemon(path, "(s) => s.on('error', () => {})", '{ backlog: 1 }')
  child.kill('SIGSTOP')
  const status = `/proc/${child.pid}/stat`
  await vi.waitFor(async () => expect(await readFile(status, 'utf8')).toMatch(/\) T /))
  return child
}

/** Says so many bytes to whoever comes, and hangs up. */
function talker(path: string, size: number): Promise<ChildProcess> {
  return daemon(path, `(s) => s.on('error', () => {}).end(Buffer.alloc(${size}))`)
}

/** Waits, as JavaScript, until a process has ended, where /proc tells; elsewhere for a while. */
const untilGone = `const isGone = () => {
  try {
    return / Z /.test(require('fs').readFileSync('/proc/' + process.argv[1] + '/stat', 'utf8'))
  } catch {
    return true
  }
}
const timer = setInterval(() => isGone() && clearInterval(timer), 300)`

/** Answers a first message with an error, hangs up and ends. */
function answererThatGoes(path: string): Promise<ChildProcess> {
  const answer = "s.write('errno=-98\\n\\n', () => { s.destroy(); server.close() })"
  return daemon(path, `(s) => { s.on('error', () => {}); s.once('data', () => ${answer}) }`)
}

/** A process that listens. @param onConnection JavaScript, as is `options` */
async function daemon(path: string, onConnection: string, options = '{}'): Promise<ChildProcess> {
  const script = `const server = require('net').createServer(${onConnection})
    .listen({ path: process.argv[1], ...${options} }, () => console.log('up'))`
  const child = spawn(process.execPath, ['-e', script, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  await once(child.stdout as NonNullable<typeof child.stdout>, 'data')
  return child
}
