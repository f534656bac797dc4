import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FakeDevice } from '@wgctrl/types/testing'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { UserspaceBackend } from './backend.js'
import { FakeUapiServer } from './testing/index.js'

/** wireguard-go on macOS may choose only utunN; wg-quick(8) writes which one a name stands for. */
let socketDir: string
let server: FakeUapiServer

beforeEach(async () => {
  vi.spyOn(process, 'platform', 'get').mockReturnValue('darwin')
  socketDir = await mkdtemp(join(tmpdir(), 'wgctrl-names-'))
  server = await FakeUapiServer.listen(join(socketDir, 'utun3.sock'), new FakeDevice('utun3'))
  await writeFile(join(socketDir, 'wg0.name'), 'utun3\n')
})

afterEach(async () => {
  await server[Symbol.asyncDispose]()
  await rm(socketDir, { recursive: true })
  vi.restoreAllMocks()
})

it('a device of macOS has the name of its file and that of its interface', async () => {
  const backend = new UserspaceBackend({ socketDir })
  await backend.configure('wg0', { firewallMark: 5 })
  expect(await backend.device('wg0')).toMatchObject({ name: 'wg0', firewallMark: 5 })
  expect(await backend.device('utun3')).toMatchObject({ name: 'utun3', firewallMark: 5 })
  expect(await backend.list()).toEqual(['utun3'])
})

it('a name file that a device before left behind names nothing', async () => {
  const hourAgo = Date.now() / 1000 - 3600
  await utimes(join(socketDir, 'wg0.name'), hourAgo, hourAgo)
  const backend = new UserspaceBackend({ socketDir })
  await expect(backend.device('wg0')).rejects.toMatchObject({ code: 'ENODEV' })
})
