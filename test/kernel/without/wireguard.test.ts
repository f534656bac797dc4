// Runs where the kernel has no WireGuard and cannot load it: `take-wireguard.sh` sees to that.
import { existsSync } from 'node:fs'
import { release } from 'node:os'
import { KernelBackend, probe } from '@wgctrl/netlink'
import { beforeAll, describe, expect, it } from 'vitest'
import { open } from 'wgctrl'
import { failure } from '../../contract/bench.js'
import { ip, isolate } from '../../contract/harnesses/isolation.js'

beforeAll(async () => {
  await isolate()
  expect(existsSync('/sys/module/wireguard'), 'WireGuard is loaded').toBe(false)
  await expect(ip('link', 'add', 'wg0', 'type', 'wireguard')).rejects.toThrow('Unknown device type')
})

describe('a kernel without WireGuard', () => {
  it('the probe tells where the module is missing, and what to do', async () => {
    const installed = await probe()
    expect(installed.state).toBe('module-not-loaded')
    expect(installed.message).toContain('modprobe wireguard')
    const stripped = await probe({ modulesDirectory: new URL('modules', import.meta.url).pathname })
    expect(stripped.state).toBe('module-missing')
    expect(stripped.message).toContain('Install the package')
    const none = await probe({ modulesDirectory: `/nowhere/${release()}` })
    expect(none.state).toBe('no-kernel-support')
    expect(none.message).toContain('userspace device')
  })

  it('the backend says so, whatever is asked of it', async () => {
    await using backend = new KernelBackend()
    const missing = { code: 'ENOBACKEND', backend: 'linux-kernel' }
    expect(await failure(backend.probe())).toMatchObject(missing)
    expect(await failure(backend.create('wg0'))).toMatchObject(missing)
    expect(await failure(backend.device('wg0'))).toMatchObject(missing)
    expect(await failure(backend.configure('wg0', { listenPort: 1 }))).toMatchObject(missing)
    expect(await backend.list()).toEqual([])
  })

  it('open() tells why the backend is missing, and makes userspace devices', async () => {
    await using wg = await open()
    const [kernel, userspace] = wg.backends
    const reason = { code: 'ENOBACKEND', message: expect.stringContaining('modprobe wireguard') }
    expect(kernel).toMatchObject({ kind: 'linux-kernel', available: false, reason })
    expect(userspace).toMatchObject({ kind: 'userspace', available: true })
    await wg.create('wg0')
    expect((await wg.device('wg0')).kind).toBe('userspace')
    await wg.delete('wg0')
    expect(await failure(wg.create('wg0', { backend: 'linux-kernel' }))).toMatchObject({
      code: 'ENOBACKEND',
    })
  })
})
