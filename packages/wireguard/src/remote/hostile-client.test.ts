import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, connect as dial, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Peer, PeerConfig } from '@wgctrl/types'
import { MemoryBackend } from '@wgctrl/types/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  connect,
  open,
  type RemoteServer,
  type ServeEvent,
  serve,
  type WireGuard,
} from '../index.js'
import { frameOf } from './frame.js'
import { REMOTE_LIMITS } from './limits.js'
import { GREETING, KIND, PROTOCOL_VERSION } from './message.js'
import { framesOf } from './outgoing.js'

let folder: string
let path: string
let wg: WireGuard
let server: RemoteServer
let events: ServeEvent[]

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hostile-'))
  path = join(folder, 'wg.sock')
  events = []
  wg = await open({ backends: [new MemoryBackend('userspace')] })
  await wg.create('wg0')
  const allow = { calls: ['read', 'configure'] as const }
  server = await serve(wg, path, { allow, log: (event) => events.push(event) })
})

afterEach(async () => {
  await server.close()
  await wg.close()
  rmSync(folder, { recursive: true })
})

async function dialled(): Promise<Socket> {
  const socket = dial(path)
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

const bytesOf = (message: readonly unknown[]): Buffer =>
  Buffer.concat([...framesOf(message, { secrets: true })])

const HELLO = [KIND.hello, 0, GREETING, PROTOCOL_VERSION, {}]

async function closedAfter(...pieces: (Uint8Array | readonly unknown[])[]): Promise<ServeEvent[]> {
  const socket = await dialled()
  socket.resume()
  const closed = once(socket, 'close')
  for (const piece of pieces) {
    socket.write(piece instanceof Uint8Array ? piece : bytesOf(piece as readonly unknown[]))
  }
  await closed
  await expect.poll(() => server.connections).toBe(0)
  return events.filter(({ type }) => type === 'broken')
}

const frame = (...bytes: number[]): Buffer => frameOf(Uint8Array.from(bytes))

describe('a server', () => {
  it.each<[string, (Uint8Array | readonly unknown[])[]]>([
    ['no protocol of ours', [Buffer.from('GET / HTTP/1.1\r\n\r\n')]],
    ['a frame that is too long', [Uint8Array.of(0, 16, 0, 1)]],
    ['an empty frame', [Uint8Array.of(0, 0, 0, 0)]],
    ['no MessagePack', [frame(0xc1)]],
    ['a call before the greeting', [[KIND.call, 1, 'device', ['wg0'], 0]]],
    ['another word', [[KIND.hello, 0, 'hello', 1, {}]]],
    ['a call that there is not', [HELLO, [KIND.call, 1, 'close', [], 0], frame(0xc1)]],
    ['a message of the server', [HELLO, [KIND.answer, 1, 'x']]],
    ['no message', [HELLO, frame(0x01)]],
    ['a call without arguments', [HELLO, [KIND.call, 1, 'device'], frame(0xc1)]],
    ['a piece of nothing', [HELLO, [KIND.piece, 0, [1]]]],
    ['a number twice', [HELLO, [KIND.call, 1, 'watch', [], 0], [KIND.call, 1, 'watch', [], 0]]],
    ['a list of a thousand lists in three bytes each', [HELLO, frameOf(nested(60_000))]],
    ['a list that claims more than can be', [HELLO, frame(0xdd, 0xff, 0xff, 0xff, 0xff)]],
    ['too many calls', [HELLO, ...manyCalls()]],
  ])('lets go of a client that sends %s, and says why', async (_, pieces) => {
    const [broken] = await closedAfter(...pieces)
    expect(broken?.reason).toMatchObject({ code: 'EPROTO' })
    expect(broken?.peer).toMatchObject({ uid: process.getuid?.() })
    await using far = await connect(path)
    expect(await far.names()).toEqual(['wg0'])
  })

  it('answers others while a client sends byte by byte and another takes nothing', async () => {
    const slow = await dialled()
    const bytes = bytesOf(HELLO)
    const deaf = await dialled()
    deaf.pause()
    deaf.write(bytesOf(HELLO))
    await wg.configure('wg0', { peers: Array.from({ length: 500 }, newPeer) })
    for (let id = 1; id <= 20; id++) deaf.write(bytesOf([KIND.call, id, 'device', ['wg0'], 0]))
    await using far = await connect(path)
    for (const byte of bytes.subarray(0, 5)) {
      slow.write(Uint8Array.of(byte))
      expect((await far.device('wg0')).peers).toHaveLength(500)
    }
    slow.destroy()
    deaf.destroy()
  })

  it('reads of a device no more than its client takes', async () => {
    await wg.configure('wg0', { peers: Array.from({ length: 3000 }, newPeer) })
    const given = { count: 0 }
    await using counting = await open({ backends: [countingBackend(given)] })
    await using second = await serve(counting, join(folder, 'counting.sock'))
    await using far = await connect(join(folder, 'counting.sock'))
    const peers = far.peers('wg0')
    await peers.next()
    // Others are served meanwhile, and nothing more of it is read.
    for (let times = 0; times < 50; times++) await far.names()
    expect(second.connections).toBe(1)
    expect(given.count).toBeLessThanOrEqual(REMOTE_LIMITS.window + 2)
    let count = 1
    for await (const _ of peers) count++
    expect(count).toBe(100_000)
  })

  it('is closed though a client takes nothing', async () => {
    await wg.configure('wg0', { peers: Array.from({ length: 500 }, newPeer) })
    const deaf = await dialled()
    deaf.pause()
    deaf.write(bytesOf(HELLO))
    for (let id = 1; id <= 20; id++) deaf.write(bytesOf([KIND.call, id, 'device', ['wg0'], 0]))
    await using far = await connect(path)
    await far.names()
    await server.close()
    await once(deaf.resume(), 'close')
  })

  it('makes room for one more by the connection that was silent for longest', async () => {
    const first = await dialled()
    first.write(bytesOf(HELLO))
    await once(first, 'data')
    const closed = once(first, 'close')
    const others = await Promise.all(Array.from({ length: REMOTE_LIMITS.connections }, dialled))
    // Who says nothing at all is let go of after a while.
    for (const socket of others) socket.write(bytesOf(HELLO))
    await closed
    await using far = await connect(path)
    expect(await far.names()).toEqual(['wg0'])
    expect(server.connections).toBe(REMOTE_LIMITS.connections)
    for (const socket of others) socket.destroy()
  })

  it('ends what a client that goes had under way', async () => {
    const silent = new MemoryBackend('userspace')
    const reasons: unknown[] = []
    silent.device = (_, { signal } = {}) =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => {
          reasons.push(signal.reason)
          reject(signal.reason)
        })
      })
    await using other = await open({ backends: [silent] })
    await using second = await serve(other, join(folder, 'other.sock'))
    const far = await connect(join(folder, 'other.sock'))
    const asked = far.device('wg0').catch((error: unknown) => error)
    await expect.poll(() => second.connections).toBe(1)
    await far.close()
    await expect.poll(() => reasons).toHaveLength(1)
    expect(await asked).toMatchObject({ code: 'ECLOSED', device: 'wg0' })
  })
})

describe("a server's socket", () => {
  it('takes the place of one that was left behind, and of no other', async () => {
    await expect(serve(wg, path)).rejects.toMatchObject({ code: 'EADDRINUSE' })
    const left = join(folder, 'left.sock')
    const before = createServer().listen(left)
    await once(before, 'listening')
    await expect(serve(wg, left)).rejects.toMatchObject({ code: 'EADDRINUSE' })
    leaveBehind(before)
    const second = await serve(wg, left)
    await using far = await connect(left)
    expect(await far.names()).toEqual(['wg0'])
    await second.close()
    expect(existsSync(left)).toBe(false)
    writeFileSync(left, '')
    await expect(serve(wg, left)).rejects.toMatchObject({ code: 'EEXIST' })
    await expect(serve(wg, join(folder, 'x'.repeat(120)))).rejects.toMatchObject({ path: 'path' })
    before.close()
  })

  it('is had by one of two who want it at once', async () => {
    const wanted = join(folder, 'wanted.sock')
    const made = await Promise.allSettled([serve(wg, wanted), serve(wg, wanted)])
    expect(made.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    for (const each of made) if (each.status === 'fulfilled') await each.value.close()
  })
})

/** Stops to listen, as a process does that is killed: the file stays. */
function leaveBehind(before: ReturnType<typeof createServer>): void {
  const { _handle: handle } = before as unknown as { _handle: { fd: number; close(): void } }
  const renamed = join(folder, 'aside')
  // libuv would remove the file by its name.
  renameSync(join(folder, 'left.sock'), renamed)
  handle.close()
  renameSync(renamed, join(folder, 'left.sock'))
}

function nested(count: number): Uint8Array {
  return Uint8Array.from({ length: 3 * count }, (_, at) => [0xdc, 0x04, 0x00][at % 3] ?? 0)
}

function manyCalls(): (readonly unknown[])[] {
  return Array.from({ length: REMOTE_LIMITS.calls + 1 }, (_, at) => [
    KIND.call,
    at + 1,
    'watch',
    [],
    0,
  ])
}

const newKey = (): string => randomBytes(32).toString('base64')
const newPeer = (): PeerConfig => ({ publicKey: newKey() })

/** A device of 100,000 peers that are made as they are asked for. */
function countingBackend(given: { count: number }): MemoryBackend {
  const backend = new MemoryBackend('userspace')
  backend.peers = async function* () {
    for (let at = 0; at < 100_000; at++) {
      given.count++
      yield PEER
    }
  }
  return backend
}

const PEER: Peer = {
  publicKey: newKey(),
  persistentKeepalive: 0,
  receivedBytes: 0,
  transmittedBytes: 0,
  allowedIPs: ['10.0.0.0/32'],
  protocolVersion: 1,
}
