import { chmod } from 'node:fs/promises'
import { beforeAll, expect, it, onTestFinished } from 'vitest'
import { UserspaceBackend } from 'wgctrl'
import { isolate } from '../contract/harnesses/isolation.js'
import { withNothing } from './commands.js'
import { saidBelow } from './probed.js'

const SOCKETS = '/var/run/wireguard'
const refusals = new URL('refusals.mjs', import.meta.url)

beforeAll(isolate)

async function makeRootsDevice(): Promise<string> {
  const backend = new UserspaceBackend()
  await backend.create('wgroot0')
  onTestFinished(() => backend.delete('wgroot0'))
  return 'wgroot0'
}

const refused = 'EPERM of userspace'
const everyCall = {
  device: refused,
  'device of some age': refused,
  peers: refused,
  configure: refused,
  sync: refused,
  'dry sync': refused,
  delete: refused,
  handshakes: refused,
  'just in time': refused,
  names: refused,
  devices: refused,
}
const everyCommand = {
  show: expect.stringMatching(/^1: permission denied$/i),
  set: expect.stringMatching(/^1: permission denied$/i),
  diff: expect.stringMatching(/^2: (EACCES|EPERM)$/),
  watch: expect.stringMatching(/^1: (EACCES|EPERM)$/),
  handshakes: expect.stringMatching(/^1: (EACCES|EPERM)$/),
}

it('a device of root’s: every call of another user is told that it may not', async () => {
  const name = await makeRootsDevice()
  expect(await saidBelow(withNothing, refusals, name)).toEqual({
    facade: {
      ...everyCall,
      names: name,
      watch: `device-failed: ${refused}`,
      'watch of all': `device-failed: ${refused}`,
    },
    command: everyCommand,
  })
})

it('a folder of sockets that lets nobody in: every call is told so, and no list passes for whole', async () => {
  const name = await makeRootsDevice()
  await chmod(SOCKETS, 0o700)
  onTestFinished(() => chmod(SOCKETS, 0o755))
  expect(await saidBelow(withNothing, refusals, name)).toEqual({
    facade: {
      ...everyCall,
      watch: `backend-failed: ${refused}`,
      'watch of all': `backend-failed: ${refused}`,
    },
    command: everyCommand,
  })
})
