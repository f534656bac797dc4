import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, expect, it, onTestFinished } from 'vitest'
import { UserspaceBackend } from 'wgctrl'
import { uniqueName } from '../contract/harness.js'
import { isolate } from '../contract/harnesses/isolation.js'

const here = fileURLToPath(new URL('.', import.meta.url))
const program = fileURLToPath(new URL('copies.mjs', import.meta.url))

beforeAll(isolate)

it('the ES module and the CommonJS one in one process take each other’s values, and keep one line of calls', async () => {
  const backend = new UserspaceBackend()
  const name = uniqueName()
  await backend.create(name)
  onTestFinished(() => backend.delete(name))
  const { stdout } = await promisify(execFile)(process.execPath, [program, name])
  const taken = {
    apart: true,
    keys: true,
    preshared: true,
    differences: 0,
    reading: 1,
    file: true,
    text: true,
    error: true,
    abort: true,
    mistake: true,
    shown: true,
  }
  expect(JSON.parse(stdout)).toEqual({
    'ES in CommonJS': taken,
    'CommonJS in ES': taken,
    turns: [1],
    'beside a stream of ES': 'done',
    'beside a stream of CommonJS': 'done',
  })
})

it('where no folder takes files, both hold the lock of a namespace at once, as callers of one copy do', async () => {
  const source = `
    import { createRequire } from 'node:module'
    import { holdLock } from '@wgctrl/netlink'
    const copy = createRequire(import.meta.url)('@wgctrl/netlink')
    const signal = AbortSignal.timeout(60_000)
    const one = await holdLock('wg0', { signal })
    const other = await copy.holdLock('wg1', { signal })
    console.log(copy.holdLock !== holdLock)
    for (const lock of [one, other]) lock[Symbol.dispose]()`
  // The checkout may be in one of them: what is there can still be read.
  const shut = 'mount --bind $& $& && mount -o remount,bind,ro $& &&'
  const readOnly = '/run /dev/shm /tmp'.replaceAll(/\S+/g, shut)
  const program = [process.execPath, '--input-type=module', '--eval', source]
  const args = ['--mount', 'sh', '-c', `${readOnly} exec "$@"`, 'sh', ...program]
  const { stdout } = await promisify(execFile)('unshare', args, { cwd: here })
  expect(stdout.trim()).toBe('true')
})
