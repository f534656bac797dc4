import { KernelBackend } from '@wgctrl/netlink'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { open } from 'wgctrl'
import { Bench, failure } from '../../contract/bench.js'
import { kernel } from '../../contract/harnesses/kernel.js'
import { withoutPrivileges } from '../../contract/privileges.js'

const bench = new Bench(kernel)
beforeAll(() => bench.setup())
afterAll(() => bench.teardown())

describe('the probe', () => {
  it('passes where all is well', async () => {
    await using backend = new KernelBackend()
    await backend.probe()
  })

  it('says what an unprivileged user lacks', async () => {
    const error = await withoutPrivileges(async () => {
      await using backend = new KernelBackend()
      return failure(backend.probe())
    })
    expect(error).toMatchObject({
      code: 'EPERM',
      message: expect.stringContaining('CAP_NET_ADMIN'),
    })
  })

  it('open() prefers the kernel, and its devices are found by it', async () => {
    await using wg = await open()
    expect(wg.backends.map(({ kind, available }) => [kind, available])).toEqual([
      ['linux-kernel', true],
      ['userspace', true],
    ])
    const name = await bench.newDevice()
    expect((await wg.device(name)).kind).toBe('linux-kernel')
    expect(await failure(wg.device('lo'))).toMatchObject({ code: 'ENOTWIREGUARD' })
    expect(await failure(wg.device('wgnowhere'))).toMatchObject({ code: 'ENODEV' })
  })
})
