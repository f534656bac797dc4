import { access, rm } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { FakeDevice } from '@wgctrl/types/testing'
import { expect, it, onTestFinished, vi } from 'vitest'
import { serve, temporaryDirectory } from '../sockets.fixture.js'
import { FakeUapiServer } from './fake-uapi-server.js'

async function listen(...directories: string[]): Promise<{ fake: FakeUapiServer; path: string }> {
  const path = join(await temporaryDirectory(), ...directories, 'wg0.sock')
  const fake = await FakeUapiServer.listen(path, new FakeDevice('wg0'))
  onTestFinished(() => fake[Symbol.asyncDispose]())
  return { fake, path }
}

/** Everything that comes until the other side is gone, which an unknown operation makes it. */
function talk(path: string, request = ''): Promise<string> {
  return new Promise((resolve) => {
    const socket = createConnection(path)
    let text = ''
    socket.on('error', () => {})
    socket.on('close', () => resolve(text))
    socket.on('data', (chunk) => {
      text += chunk.toString()
      if (text.endsWith('errno=0\n\n')) socket.write('bye\n')
    })
    socket.write(request)
  })
}

it('speaks on a real socket, in a directory that it makes', async () => {
  const { fake, path } = await listen('a', 'b')
  expect(await talk(path, 'set=1\nfwmark=1\n\n')).toBe('errno=0\n\n')
  expect(await talk(path, 'get=1\n\n')).toBe('fwmark=1\nerrno=0\n\n')
  expect(fake.requests).toEqual(['set=1\nfwmark=1', 'bye', 'get=1', 'bye'])
})

it('ends when its socket is removed, and cuts its connections', async () => {
  const { path } = await listen()
  const conversation = talk(path, 'get=1\n\n')
  await vi.waitFor(() => access(path))
  await rm(path)
  expect(await conversation).toMatch(/^(errno=0\n\n)?$/)
})

it('can be ended, and ended again', async () => {
  const { fake, path } = await listen()
  const conversation = talk(path)
  await Promise.all([fake[Symbol.asyncDispose](), fake[Symbol.asyncDispose]()])
  expect(await conversation).toBe('')
  await expect(access(path)).rejects.toMatchObject({ code: 'ENOENT' })
})

it('does not take the place of another', async () => {
  const { path } = await serve(() => {})
  const second = FakeUapiServer.listen(path, new FakeDevice('wg0'))
  await expect(second).rejects.toMatchObject({ code: 'EADDRINUSE' })
})
