import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { KernelBackend } from '@wgctrl/netlink'
import type { Backend } from '@wgctrl/types'
import { UserspaceBackend } from '@wgctrl/uapi'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { start, temporaryFolder, wgctrl } from '../../cli/program.js'
import { uniqueName } from '../../contract/harness.js'
import { ip } from '../../contract/harnesses/isolation.js'
import { peerKey } from '../../contract/samples.js'

// A device of the kernel here, and one of the same name with a socket, whose interface is in another network
// namespace: what a host with containers has. In the namespace that /sys shows.

const MARKS = { kernel: 0x11, userspace: 0x22 }

let name: string
let netns: string
let folder: string
let kernel: KernelBackend
let userspace: UserspaceBackend

beforeEach(async () => {
  name = uniqueName()
  netns = uniqueName()
  folder = await temporaryFolder()
  kernel = new KernelBackend()
  userspace = new UserspaceBackend()
  await kernel.create(name)
  await ip('netns', 'add', netns)
  await ip('netns', 'exec', netns, 'wireguard-go', name)
  await kernel.configure(name, { firewallMark: MARKS.kernel, peers: [{ publicKey: peerKey(1) }] })
  const two = [2, 3].map((n) => ({ publicKey: peerKey(n) }))
  await userspace.configure(name, { firewallMark: MARKS.userspace, peers: two })
})

afterEach(async () => {
  await userspace.delete(name)
  await kernel.delete(name).catch(() => {})
  await ip('netns', 'delete', netns)
  await kernel[Symbol.asyncDispose]()
  await userspace[Symbol.asyncDispose]()
})

const file = async (mark: number, more = ''): Promise<string> => {
  const path = join(folder, `${name}.conf`)
  await writeFile(path, `[Interface]\nFwMark = ${mark}\n${more}`, { mode: 0o600 })
  return path
}

const markOf = async (backend: Backend): Promise<number> =>
  (await backend.device(name)).firewallMark

const bothMarks = async () => ({ kernel: await markOf(kernel), userspace: await markOf(userspace) })

const SOCKET_TAKEN = 'the latter is taken; --backend linux-kernel before the command'
const KERNEL_TAKEN = 'the former is taken; --backend userspace before the command'

const ofKernel = (...words: string[]) => wgctrl('--backend', 'linux-kernel', ...words)

it('what reads takes the one with the socket, and says so; --backend takes the other, without a word', async () => {
  const err = expect.stringContaining(SOCKET_TAKEN)
  expect(await wgctrl('show', name, 'fwmark')).toEqual({ status: 0, out: '0x22\n', err })
  expect(await ofKernel('show', name, 'fwmark')).toEqual({ status: 0, out: '0x11\n', err: '' })

  const shown = await wgctrl('showconf', name)
  expect(shown).toMatchObject({ status: 0, out: expect.stringContaining('FwMark = 0x22'), err })
  const other = await ofKernel('showconf', name)
  expect(other).toMatchObject({ out: expect.stringContaining('FwMark = 0x11'), err: '' })

  const peers = [2, 3].map((n) => `[Peer]\nPublicKey = ${peerKey(n)}\n`)
  const same = await file(MARKS.userspace, peers.join(''))
  expect(await wgctrl('diff', name, same)).toEqual({ status: 0, out: '', err })
  expect(await ofKernel('diff', name, same)).toMatchObject({ status: 1, err: '' })
})

it('what writes takes the one with the socket, and says so', async () => {
  let mark = 0x100
  const commands: ((path: string, mark: number) => string[])[] = [
    (_, value) => ['set', name, 'fwmark', String(value)],
    (path) => ['setconf', name, path],
    (path) => ['addconf', name, path],
    (path) => ['syncconf', name, path],
  ]
  for (const command of commands) {
    const words = command(await file(++mark), mark)
    const { status, err } = await wgctrl(...words)
    expect({ status, err }, words[0]).toEqual({
      status: 0,
      err: expect.stringContaining(SOCKET_TAKEN),
    })
    expect(await bothMarks(), words[0]).toEqual({ kernel: MARKS.kernel, userspace: mark })
  }
  expect(await wgctrl('--backend', 'linux-kernel', 'set', name, 'fwmark', '0x99')).toMatchObject({
    status: 0,
    err: '',
  })
  expect(await bothMarks()).toEqual({ kernel: 0x99, userspace: mark })
})

it('what goes on takes the one with the socket, and says so', async () => {
  const exporter = start(['metrics', name, '--listen', '127.0.0.1:0'])
  const [, port = ''] = await exporter.says(/127\.0\.0\.1:(\d+)\/metrics/, 'err')
  expect(exporter.err).toContain(SOCKET_TAKEN)
  const page = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  expect(page).toMatch(new RegExp(`^wireguard_peers\\{interface="${name}"\\} 2$`, 'm'))

  const watch = start(['watch', name, '--json', '--interval', '0.5'])
  await watch.says(/the latter is taken/, 'err')
  // The warning comes before the first look, and only what was seen is seen to go.
  await watch.says(/("peer-added"[\s\S]*){2}/)
  for (const number of [1, 3]) {
    const peers = [{ publicKey: peerKey(number), remove: true }]
    await (number === 1 ? kernel : userspace).configure(name, { peers })
  }
  const [line = ''] = await watch.says(/^.*"peer-removed".*$/m)
  expect(line).toContain(peerKey(3))
  expect(watch.out).not.toContain(peerKey(1))
})

it('what brings interfaces up and down takes the one of this namespace, and says so', async () => {
  const path = await file(0x77)
  expect(await wgctrl('up', path)).toMatchObject({
    status: 1,
    err: expect.stringContaining(KERNEL_TAKEN),
  })
  expect(await bothMarks()).toEqual(MARKS)
  expect(await wgctrl('reload', path)).toMatchObject({
    status: 0,
    err: expect.stringContaining(KERNEL_TAKEN),
  })
  expect(await bothMarks()).toEqual({ kernel: 0x77, userspace: MARKS.userspace })
  expect(await wgctrl('down', path)).toMatchObject({
    status: 0,
    err: expect.stringContaining(KERNEL_TAKEN),
  })
  expect(await kernel.list()).not.toContain(name)
  expect(await markOf(userspace)).toBe(MARKS.userspace)
  // Of one name there is one device now, and nothing to say.
  expect((await wgctrl('show', name, 'fwmark')).err).toBe('')
})
