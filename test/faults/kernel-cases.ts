import { KernelBackend, NetlinkError, type Transport } from '@wgctrl/netlink'
import type { DeviceConfig, WireGuardError } from '@wgctrl/types'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { failure } from '../contract/bench.js'
import { uniqueName } from '../contract/harness.js'
import { peerKey, peersWithNetworks } from '../contract/samples.js'
import { FaultyTransport, type Moments } from './faulty-transport.js'
import { expectNothingLeft } from './leftovers.js'

/** A kernel whose links somebody else changes. */
export interface KernelStage {
  open(protocol: number): Transport | Promise<Transport>
  /** Resolves when it is done; a real kernel finishes dumps of the device before. */
  deleteLink(name: string): Promise<void>
  renameLink(name: string, to: string): Promise<void>
  /** To a namespace that nobody here looks into. */
  moveLink(name: string): Promise<void>
}

/** More than two messages of a set, and more than two datagrams of a dump, hold. */
const MANY = 4000
const many: DeviceConfig = { peers: peersWithNetworks(MANY) }
const one: DeviceConfig = { peers: [{ publicKey: peerKey(1) }] }

/** What happens to kernel devices while they are read and written. */
export function kernelFaults(stage: KernelStage): void {
  beforeEach(expectNothingLeft)

  const backendWith = (moments: Moments): KernelBackend => {
    const openTransport = async (protocol: number): Promise<Transport> =>
      new FaultyTransport(await stage.open(protocol), moments)
    const backend = new KernelBackend({ openTransport })
    onTestFinished(() => backend[Symbol.asyncDispose]())
    return backend
  }

  const newDevice = async (config?: DeviceConfig): Promise<string> => {
    const name = uniqueName()
    await using backend = new KernelBackend({ openTransport: stage.open })
    await backend.create(name)
    onTestFinished(() => stage.deleteLink(name).catch(() => {}))
    if (config) await backend.configure(name, config)
    return name
  }

  const expectNextCallWorks = async (backend: KernelBackend): Promise<void> => {
    const name = await newDevice()
    await backend.configure(name, one)
    expect((await backend.device(name)).peers).toHaveLength(1)
  }

  const faults: Record<string, (name: string) => Promise<void>> = {
    deleted: (name) => stage.deleteLink(name),
    renamed: async (name) => {
      const to = uniqueName()
      await stage.renameLink(name, to)
      onTestFinished(() => stage.deleteLink(to).catch(() => {}))
    },
    'moved to another namespace': (name) => stage.moveLink(name),
  }

  describe.each(Object.keys(faults))('a device that is %s', (fault) => {
    const strike = faults[fault] as (name: string) => Promise<void>

    it('between two messages of one set: ENODEV, with how many peers were applied', async () => {
      const name = await newDevice()
      let sets = 0
      const set = (n: number): Promise<void> | undefined => {
        sets = n
        return n === 2 ? strike(name) : undefined
      }
      const backend = backendWith({ set })
      const error = await failure(backend.configure(name, many))
      expect(error).toMatchObject({ code: 'ENODEV', operation: 'configure', device: name })
      expect(sets).toBe(2)
      const { appliedPeers = 0 } = error as WireGuardError
      expect(appliedPeers).toBeGreaterThan(0)
      expect(appliedPeers).toBeLessThan(MANY)
      await expectNextCallWorks(backend)
    })

    it('in mid-dump: a whole device, or ENODEV or EINTR, never a short one', async () => {
      const name = await newDevice(many)
      let struck: Promise<void> | undefined
      const read = (n: number): undefined => {
        // Not awaited: a real kernel ends the dump first.
        if (n === 3) struck ??= strike(name)
        return undefined
      }
      const backend = backendWith({ read })
      const outcome = await backend.device(name).catch((error: WireGuardError) => error)
      expect(struck).toBeDefined()
      if (outcome instanceof Error) {
        expect(['ENODEV', 'EINTR']).toContain(outcome.code)
        expect(outcome).toMatchObject({ operation: 'device', device: name })
      } else expect(outcome.peers).toHaveLength(MANY)
      await struck
      expect(await failure(backend.device(name))).toMatchObject({ code: 'ENODEV' })
      await expectNextCallWorks(backend)
    })

    it('before a call: ENODEV', async () => {
      const name = await newDevice(one)
      const backend = backendWith({})
      await backend.device(name)
      await strike(name)
      expect(await failure(backend.configure(name, one))).toMatchObject({ code: 'ENODEV' })
      expect(await failure(backend.device(name))).toMatchObject({ code: 'ENODEV' })
      await expectNextCallWorks(backend)
    })
  })

  it.each(['ENOBUFS', 'EAGAIN', 'EPERM'])(
    'a send that fails with %s: that code, and what was applied',
    async (code) => {
      const name = await newDevice()
      const set = (n: number): undefined => {
        if (n !== 2) return undefined
        throw new NetlinkError(`write ${code}`, { code })
      }
      const backend = backendWith({ set })
      const error = await failure(backend.configure(name, many))
      expect(error).toMatchObject({ code, operation: 'configure', device: name })
      const { appliedPeers = 0 } = error as WireGuardError
      expect(appliedPeers).toBeGreaterThan(0)
      expect((await backend.device(name)).peers).toHaveLength(appliedPeers)
      await expectNextCallWorks(backend)
    },
  )

  it('a read that overruns: ENOBUFS, and the next call works', async () => {
    const name = await newDevice(many)
    let isOver = false
    const read = (n: number): undefined => {
      if (n !== 3 || isOver) return undefined
      isOver = true
      throw new NetlinkError('read ENOBUFS', { code: 'ENOBUFS' })
    }
    const backend = backendWith({ read })
    expect(await failure(backend.device(name))).toMatchObject({
      code: 'ENOBUFS',
      operation: 'device',
    })
    expect((await backend.device(name)).peers).toHaveLength(MANY)
    await expectNextCallWorks(backend)
  })
}
