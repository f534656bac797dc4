import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KernelBackend } from '@wgctrl/netlink'
import { FakeKernel } from '@wgctrl/netlink/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { open, UserspaceBackend, type WireGuard } from 'wgctrl'
import { failure, firstPeer } from '../contract/bench.js'

/** Names that no link can have. */
const names = [
  '',
  '.',
  '..',
  '../x',
  'a/b',
  '/etc/passwd',
  'wg0\0',
  'wg0\0.sock',
  'wg0\n',
  'wg0 wg1',
  'wg:0',
  'sixteen-letters_',
]

/** Names that the kernel takes, and nothing that makes a path or an argument of them. */
const kernelNames = ['-h', '--help', '$(id)', '`id`', ';id', 'a&b', 'a|b', '*', '%i', '~', 'ünder']

async function clients(): Promise<{ wg: WireGuard[]; socketDir: string }> {
  const socketDir = await mkdtemp(join(tmpdir(), 'wgctrl-names-'))
  onTestFinished(() => rm(socketDir, { recursive: true }))
  const trace = JSON.stringify(join(socketDir, 'was-run'))
  const daemon = [process.execPath, '-e', `fs.writeFileSync(${trace}, '')`] as const
  const backends = [
    new UserspaceBackend({ socketDir, daemon }),
    new KernelBackend({ openTransport: new FakeKernel().openTransport }),
  ]
  const wg = await Promise.all(backends.map((backend) => open({ backends: [backend] })))
  return { wg, socketDir }
}

describe('a name that is none', () => {
  it.each(names)('%j is refused by every call, before anything is done', async (name) => {
    const { wg, socketDir } = await clients()
    for (const client of wg) {
      const calls = [
        client.device(name),
        firstPeer(client.peers(name)),
        client.configure(name, {}),
        client.sync(name, { peers: [] }),
        client.create(name),
        client.delete(name),
        client.up({ name, addresses: [] } as never),
        client.down(name),
      ]
      for (const call of calls) {
        expect(await failure(call)).toMatchObject({ code: 'EINVAL', path: 'name' })
      }
      await client.close()
    }
    expect(await readdir(socketDir)).toEqual([])
  })

  it.each(kernelNames)('%j is asked of the kernel alone, and never made', async (name) => {
    const { wg, socketDir } = await clients()
    const [userspace, kernel] = wg as [WireGuard, WireGuard]
    for (const client of wg) {
      const code = client === userspace ? 'EINVAL' : 'ENODEV'
      const calls = [
        client.device(name),
        firstPeer(client.peers(name)),
        client.configure(name, {}),
        client.sync(name, { peers: [] }),
        client.delete(name),
      ]
      for (const call of calls) expect(await failure(call)).toMatchObject({ code })
      const makers = [client.create(name), client.up({ name, addresses: [] } as never)]
      for (const call of [...makers, client.down(name)]) {
        expect(await failure(call)).toMatchObject({ code: 'EINVAL', path: 'name' })
      }
    }
    await Promise.all([userspace.close(), kernel.close()])
    expect(await readdir(socketDir)).toEqual([])
  })

  it.each(['', '.', '..', 'a\0b', '/run/netns/a\0b'])(
    '%j is refused as a namespace',
    async (netns) => {
      const list = async (): Promise<unknown> => new KernelBackend({ netns }).list()
      expect(await failure(list())).toMatchObject({ code: 'EINVAL', path: 'netns' })
    },
  )
})
