import { KernelBackend } from '@wgctrl/netlink'
import { FakeKernel } from '@wgctrl/netlink/testing'
import { describe, expect, it } from 'vitest'
import { failure } from '../contract/bench.js'
import { kernelFaults } from './kernel-cases.js'

describe('faults, on the fake kernel', () => {
  const kernel = new FakeKernel()
  const take = (name: string): void => {
    kernel.links.delete(name)
    kernel.devices.delete(name)
  }

  kernelFaults({
    open: kernel.openTransport,
    deleteLink: async (name) => take(name),
    moveLink: async (name) => take(name),
    renameLink: async (name, to) => {
      const [link, device] = [kernel.links.get(name), kernel.devices.get(name)]
      if (!link || !device) throw new Error(`no ${name}`)
      take(name)
      kernel.links.set(to, link)
      kernel.devices.set(to, device)
    },
  })

  it('a module that is absent: ENOBACKEND, and what to do', async () => {
    const without = new FakeKernel()
    without.hasWireGuard = false
    await using backend = new KernelBackend({ openTransport: without.openTransport })
    expect(await failure(backend.probe())).toMatchObject({ code: 'ENOBACKEND' })
    expect(await failure(backend.create('wg0'))).toMatchObject({ code: 'ENOBACKEND' })
    expect(await failure(backend.device('wg0'))).toMatchObject({
      operation: 'device',
      device: 'wg0',
    })
    without.hasWireGuard = true
    await backend.create('wg0')
    expect(await backend.list()).toEqual(['wg0'])
  })
})
