import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, expect, it, onTestFinished } from 'vitest'
import { open, type RemoteAllow, type ServeEvent, serve } from 'wgctrl'
import { isolate } from '../contract/harnesses/isolation.js'
import { NOBODY, withNothing } from './commands.js'
import { saidBelow } from './probed.js'

beforeAll(isolate)

const probe = new URL('remote-probe.mjs', import.meta.url)

/** What a client of another user is told by a server of root's whose socket all may open, and what its log says. */
async function asked(allow: RemoteAllow) {
  const folder = await mkdtemp(join(tmpdir(), 'wgctrl-served-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  await chmod(folder, 0o755)
  const wg = await open({ backends: ['userspace'] })
  onTestFinished(() => wg.close())
  await wg.create('wgroot0')
  onTestFinished(() => wg.delete('wgroot0'))
  const log: ServeEvent[] = []
  const path = join(folder, 'wg.sock')
  await using _ = await serve(wg, path, { allow, mode: 0o666, log: (event) => log.push(event) })
  const said = (await saidBelow(withNothing, probe, path)) as { pid: number }
  return { said, log }
}

it('a process of a user who is not let in is not, whatever the mode of the socket', async () => {
  const { said, log } = await asked({ uids: [0] })
  expect(said).toEqual({ pid: said.pid, connect: 'ECONNRESET' })
  expect(log).toMatchObject([
    {
      type: 'refused',
      peer: { uid: NOBODY, gid: NOBODY, pid: said.pid },
      reason: { code: 'EPERM' },
    },
  ])
})

it('one who is let in may do what is allowed, and what he was refused is told with who he is', async () => {
  const { said, log } = await asked({ uids: [NOBODY] })
  expect(said).toEqual({ pid: said.pid, read: 'ok', secrets: 'EPERM', configure: 'EPERM' })
  expect(log.filter(({ type }) => type === 'denied')).toMatchObject([
    { call: 'device', peer: { uid: NOBODY, pid: said.pid } },
    { call: 'configure', peer: { uid: NOBODY, pid: said.pid }, reason: { device: 'wgroot0' } },
  ])
})
