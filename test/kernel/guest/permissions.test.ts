import { KernelBackend, probe } from '@wgctrl/netlink'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { open, type WireGuard } from 'wgctrl'
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
      return await failure(backend.probe())
    })
    expect(error).toMatchObject({
      code: 'EPERM',
      message: expect.stringContaining('CAP_NET_ADMIN'),
    })
  })

  it('no call of an unprivileged user gets through, and each says why', async () => {
    const name = await bench.newDevice({ listenPort: 0 })
    const before = await bench.read(name)
    const attempts: [string, (wg: KernelBackend) => Promise<unknown>][] = [
      ['device', (wg) => wg.device(name)],
      ['peers', (wg) => wg.peers(name).next()],
      ['configure', (wg) => wg.configure(name, { firewallMark: 1 })],
      ['create', (wg) => wg.create('wgnobody')],
      ['delete', (wg) => wg.delete(name)],
    ]
    for (const [operation, attempt] of attempts) {
      const error = await withoutPrivileges(async () => {
        await using backend = new KernelBackend()
        return await failure(attempt(backend))
      })
      expect(error, operation).toMatchObject({ code: 'EPERM', operation })
    }
    expect(await bench.read(name)).toEqual(before)
  })

  it('open() says so too, with a userspace daemon beside and without', async () => {
    const name = await bench.newDevice({ listenPort: 0 })
    const asNobody = (env: string, body: (wg: WireGuard) => Promise<unknown>): Promise<unknown> =>
      withoutPrivileges(async () => {
        vi.stubEnv('WG_QUICK_USERSPACE_IMPLEMENTATION', env)
        try {
          await using wg = await open()
          return await body(wg)
        } finally {
          vi.unstubAllEnvs()
        }
      })
    const refused = { code: 'EPERM', backend: 'linux-kernel' }
    // Any program that is there counts.
    const daemon = process.execPath
    expect(await asNobody(daemon, (wg) => failure(wg.device(name)))).toMatchObject(refused)
    expect(await asNobody(daemon, (wg) => failure(wg.names()))).toMatchObject(refused)
    expect(await asNobody(daemon, async (wg) => (await wg.devices()).errors)).toMatchObject([
      refused,
    ])
    expect(await failure(asNobody('/nonexistent', (wg) => wg.names()))).toMatchObject({
      ...refused,
      operation: 'open',
    })
  })

  it('tells what a name stands for', async () => {
    const name = await bench.newDevice()
    const stateOf = async (device: string) => (await probe({ device })).state
    expect(await stateOf(name)).toBe('ready')
    expect(await stateOf('lo')).toBe('not-wireguard')
    expect(await stateOf('wgnowhere')).toBe('no-such-device')
    for (const call of [
      bench.wg.device('lo'),
      bench.wg.peers('lo').next(),
      bench.wg.configure('lo', { firewallMark: 1 }),
      bench.wg.delete('lo'),
    ]) {
      expect(await failure(call)).toMatchObject({ code: 'ENOTWIREGUARD', device: 'lo' })
    }
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
