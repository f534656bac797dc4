import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import type { DeviceConfig } from '@wgctrl/types'
import { expect, it, onTestFinished } from 'vitest'
import { type Bench, failure, firstPeer } from '../bench.js'
import { uniqueName } from '../harness.js'
import { peerKey } from '../samples.js'

/** What can be wrong with the sockets of userspace devices. Other devices have none. */
export function sockets(bench: Bench): void {
  const change: DeviceConfig = { peers: [{ publicKey: peerKey(1) }] }
  const calls: Record<string, (name: string) => Promise<unknown>> = {
    device: (name) => bench.wg.device(name),
    peers: (name) => firstPeer(bench.wg.peers(name)),
    configure: (name) => bench.wg.configure(name, change),
  }
  const pathOf = (name: string): string => join(bench.stage.socketDir ?? '', `${name}.sock`)

  /** A device whose socket is served by `answer`. */
  const serve = async (answer: string): Promise<string> => {
    const name = uniqueName()
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => socket.end(answer))
    })
    await listen(server, pathOf(name))
    return name
  }

  if (!bench.traits.hasSockets) {
    it('are not there', () => {
      expect(bench.stage.socketDir).toBeUndefined()
    })
    return
  }

  it('that nobody listens on: ECONNREFUSED, and the file stays', async () => {
    const name = uniqueName()
    bench.removeAfterCase(name)
    await leaveStaleSocket(pathOf(name))
    for (const [operation, call] of Object.entries(calls)) {
      const error = await failure(call(name))
      expect(error).toMatchObject({ code: 'ECONNREFUSED', operation, device: name })
    }
    const error = await failure(bench.wg.delete(name))
    expect(error).toMatchObject({ code: 'ECONNREFUSED', operation: 'delete', device: name })
    await access(pathOf(name))
    expect(await bench.wg.list()).toContain(name)
    await bench.wg.delete(name, { removeStale: true })
    expect(await failure(access(pathOf(name)))).toMatchObject({ code: 'ENOENT' })
  })

  it('that nobody listens on make way for a new device', async () => {
    const name = uniqueName()
    bench.removeAfterCase(name)
    await leaveStaleSocket(pathOf(name))
    await bench.wg.create(name)
    await bench.wg.configure(name, change)
    expect((await bench.wg.device(name)).peers).toHaveLength(1)
  })

  it('that are no sockets: ENOTWIREGUARD, and the file stays', async () => {
    const name = uniqueName()
    onTestFinished(() => rm(pathOf(name), { force: true }))
    await writeFile(pathOf(name), '')
    const remove = (name: string) => bench.wg.delete(name, { removeStale: true })
    for (const [operation, call] of Object.entries({ ...calls, delete: remove })) {
      const error = await failure(call(name))
      expect(error).toMatchObject({ code: 'ENOTWIREGUARD', operation, device: name })
    }
    await access(pathOf(name))
  })

  it.each([
    ['nothing', ''],
    ['no end', 'listen_port=1\n'],
    ['a reply without errno', 'listen_port=1\n\n'],
    ['half a line', 'errno='],
    ['no number', 'errno=x\n\n'],
    ['no key', 'public_key=00\nerrno=0\n\n'],
    ['another protocol', 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'],
  ])('that answer %s: EPROTO', async (_, answer) => {
    const name = await serve(answer)
    for (const [operation, call] of Object.entries(calls)) {
      const error = await failure(call(name))
      expect(error).toMatchObject({ code: 'EPROTO', operation, device: name })
    }
  })

  it.each([
    ['-13', 'EPERM'],
    ['1', 'EPERM'],
    ['-22', 'EINVAL'],
    ['22', 'EINVAL'],
    ['-98', 'EADDRINUSE'],
    ['-5', 'EIO'],
  ])('that answer errno=%s: %s', async (errno, code) => {
    const name = await serve(`errno=${errno}\n\n`)
    for (const [operation, call] of Object.entries(calls)) {
      const error = await failure(call(name))
      expect(error).toMatchObject({ code, operation, device: name, errno: Math.abs(Number(errno)) })
    }
  })
}

async function listen(server: Server, path: string): Promise<void> {
  server.listen(path)
  await once(server, 'listening')
  onTestFinished(async () => {
    server.close()
    await once(server, 'close')
  })
}

/** A socket file whose owner went without removing it, as a killed daemon does. */
async function leaveStaleSocket(path: string): Promise<void> {
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 9))`
  const child = spawn(process.execPath, ['-e', script], { stdio: 'ignore' })
  await once(child, 'exit')
  await access(path)
}
