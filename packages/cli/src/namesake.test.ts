import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Globals } from './globals.js'
import { warnOfNamesake, warnOfNamesakes } from './namesake.js'
import { fakeIo } from './testing.fixture.js'
import { watchCommand } from './watch/command.js'

let folder: string
let server: Server

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wgctrl-namesake-'))
  server = createServer()
  await new Promise<void>((resolve) => server.listen(join(folder, 'wg0.sock'), resolve))
  await writeFile(join(folder, 'wg1.sock'), '')
  for (const [name, type] of Object.entries({ wg0: 'wireguard', wg1: 'wireguard', wg2: 'tun' })) {
    await mkdir(join(folder, name))
    await writeFile(join(folder, name, 'uevent'), `DEVTYPE=${type}\nINTERFACE=${name}\n`)
  }
})

afterEach(async () => {
  await new Promise((resolve) => server.close(resolve))
  await rm(folder, { recursive: true })
})

async function warnings(word: string, globals: Globals = { trust: {} }): Promise<string> {
  const io = fakeIo()
  const given = { program: 'wgctrl', command: 'watch', words: [word], options: {}, globals }
  await warnOfNamesakes(watchCommand, given, io, { interfaces: folder, sockets: folder })
  return io.written.err
}

it('a name that the kernel has, too: the socket is taken, and a warning says so', async () => {
  const text = await warnings('wg0')
  expect(text).toMatch(
    /^wgctrl watch: warning: wg0 is a device of the kernel, and one of userspace/,
  )
  expect(text).toContain(join(folder, 'wg0.sock'))
  expect(text).toContain('--backend linux-kernel')
})

it.each(['wg0', '/etc/wireguard/wg0.conf'])(
  '%s brought up or down: the kernel’s is taken, and a warning says so',
  async (word) => {
    const io = fakeIo()
    const given = { program: 'wgctrl', command: 'down', words: [word], options: {} }
    const places = { interfaces: folder, sockets: folder }
    await warnOfNamesake({ ...given, globals: { trust: {} } }, io, places)
    expect(io.written.err).toMatch(/^wgctrl down: warning: wg0 is .*: the former is taken/)
    expect(io.written.err).toContain('--backend userspace')
    const chosen = fakeIo()
    const globals = { trust: {}, backend: 'userspace' } as const
    await warnOfNamesake({ ...given, globals }, chosen, places)
    expect(chosen.written.err).toBe('')
  },
)

it('nothing is said of one device, nor where one was chosen', async () => {
  for (const name of ['wg1', 'wg2', 'wg3', '../x']) expect(await warnings(name)).toBe('')
  expect(await warnings('wg0', { trust: {}, backend: 'userspace' })).toBe('')
  expect(await warnings('wg0', { trust: {}, netns: 'blue' })).toBe('')
})
