import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { Bus, BusError, THE_BUS } from './bus.js'
import { bytesOf, recorded } from './codec/messages.fixture.js'

const GREETED = 'DATA\r\nOK 7e4d03d6cc261b1a28d96de66b0b7b09\r\n'
const never = new AbortController().signal
const ping = { ...THE_BUS, interface: 'org.freedesktop.DBus.Peer', member: 'Ping' }

let folder: string
let path: string
let server: Server
let onSocket: (socket: Socket) => void

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wgctrl-bus-'))
  path = join(folder, 'socket')
  server = createServer((socket) => onSocket(socket)).listen(path)
  await once(server, 'listening')
})

afterEach(() => {
  server.close()
  rmSync(folder, { recursive: true })
})

/** Stands beside dbus-daemon, which the tier `resolved` has: says what it is told to say to each chunk that comes. */
function says(...texts: string[]): void {
  onSocket = (socket) => {
    const left = [...texts]
    socket.on('error', () => {})
    socket.on('data', () => void socket.write(bytesOf(left.shift() ?? '')))
  }
}

it('gives what a method gives, among signals', async () => {
  says(
    GREETED,
    recorded.helloReply + recorded.nameAcquired,
    recorded.nameAcquired + recorded.emptyReply,
  )
  using bus = await Bus.open(path, never)
  expect(await bus.call(ping, never)).toEqual([])
})

it('throws what it answers with, with the code that its name means', async () => {
  const error =
    'l\x03\x01\x01\x07\0\0\0\x1b\0\0\0\x3f\0\0\0\x04\x01s\0\x27\0\0\0org.freedesktop.DBus.Error.AccessDenied\0\x05\x01u\0\x02\0\0\0\x08\x01g\0\x01s\0\0\x02\0\0\0no\0'
  says(GREETED, recorded.helloReply, error)
  using bus = await Bus.open(path, never)
  const thrown = await bus.call(ping, never).catch((reason: unknown) => reason)
  expect(thrown).toBeInstanceOf(BusError)
  expect(thrown).toMatchObject({ code: 'EPERM', message: 'no' })
})

it('ends with a connection that is closed, and with what is no D-Bus', async () => {
  onSocket = (socket) => void socket.destroy()
  await expect(Bus.open(path, never)).rejects.toMatchObject({ code: 'ECONNRESET' })
  says('HTTP/1.1 400 Bad Request\r\n\r\n')
  await expect(Bus.open(path, never)).rejects.toMatchObject({ code: 'EPROTO' })
  says(GREETED, recorded.helloReply, '\0'.repeat(64))
  using bus = await Bus.open(path, never)
  await expect(bus.call(ping, never)).rejects.toMatchObject({ code: 'EPROTO' })
  await expect(bus.call(ping, never)).rejects.toMatchObject({ code: 'EPROTO' })
})

it('waits no longer than the signal says, and lets go of the connection', async () => {
  const closed = new Promise<void>((resolve) => {
    onSocket = (socket) => void socket.resume().once('close', () => resolve())
  })
  const controller = new AbortController()
  const opening = Bus.open(path, controller.signal)
  controller.abort()
  await expect(opening).rejects.toMatchObject({ name: 'AbortError' })
  await closed
  await expect(Bus.open(path, AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' })
})

it('tells that nobody listens', async () => {
  await expect(Bus.open(join(folder, 'nobody'), never)).rejects.toMatchObject({ code: 'ENOENT' })
})
