import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { connect } from 'wgctrl'
import { stopProcess } from '../stopped-process.js'

const program = fileURLToPath(new URL('remote-server.mjs', import.meta.url))

it('a server that is stopped is given up, one that goes on in time is not', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'wgctrl-silence-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const path = join(folder, 'wg.sock')
  const child = fork(program, [path])
  onTestFinished(async () => {
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  })
  await once(child, 'message')
  const wg = await connect(path)
  expect(await wg.names()).toEqual(['wg0'])

  await stopProcess(child.pid)
  const slow = wg.device('wg0')
  await new Promise((resolve) => setTimeout(resolve, 16_000))
  child.kill('SIGCONT')
  expect((await slow).name).toBe('wg0')

  await stopProcess(child.pid)
  await expect(wg.device('wg0')).rejects.toMatchObject({ code: 'ETIMEDOUT', device: 'wg0' })
  await expect(wg.names()).rejects.toMatchObject({ code: 'ETIMEDOUT' })
  child.kill('SIGCONT')
  await wg.close()
  const again = await connect(path)
  expect(await again.names()).toEqual(['wg0'])
  await again.close()
})
