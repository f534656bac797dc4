import { readFileSync, writeFileSync } from 'node:fs'
import { KernelBackend } from '@wgctrl/netlink'
import type { DeviceConfig, WireGuardError } from '@wgctrl/types'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { failure, firstPeer } from '../../contract/bench.js'
import { uniqueName } from '../../contract/harness.js'
import { isolate } from '../../contract/harnesses/isolation.js'
import { peerKey, peersWithNetworks } from '../../contract/samples.js'
import { overrun, type SocketMoments, withSocket } from '../../faults/flooded-transport.js'
import { expectNothingLeft } from '../../faults/leftovers.js'
import { expectWatchToCatchUp } from '../../faults/watch-through-loss.js'

/** More than two messages of a set, and more than two datagrams of a dump, hold. */
const MANY = 4000
const many: DeviceConfig = { peers: peersWithNetworks(MANY) }

beforeEach(async () => {
  await isolate()
  await expectNothingLeft()
})

async function newDevice(config: DeviceConfig = {}): Promise<string> {
  const name = uniqueName()
  await using backend = new KernelBackend()
  await backend.create(name)
  await backend.configure(name, config)
  onTestFinished(async () => {
    await using another = new KernelBackend()
    await another.delete(name)
  })
  return name
}

function backendWith(moments: SocketMoments = {}): KernelBackend {
  const backend = new KernelBackend({ openTransport: withSocket(moments) })
  onTestFinished(() => backend[Symbol.asyncDispose]())
  return backend
}

/** What sockets get that are made from then on. @source socket(7) */
function setDefault(buffer: 'rmem' | 'wmem', bytes: number): void {
  const file = `/proc/sys/net/core/${buffer}_default`
  const before = readFileSync(file)
  onTestFinished(() => writeFileSync(file, before))
  writeFileSync(file, String(bytes))
}

describe('a receive buffer that is full', () => {
  it('in mid-dump: ENOBUFS, never a short device, and the next call works', async () => {
    const name = await newDevice(many)
    let floods = 0
    const backend = backendWith({
      read: (n, socket) => {
        if (n !== 3 || floods >= 2) return
        floods++
        overrun(socket)
      },
    })
    const read = async (): Promise<void> => {
      for await (const _ of backend.peers(name));
    }
    expect(await failure(backend.device(name))).toMatchObject({
      code: 'ENOBUFS',
      operation: 'device',
      device: name,
    })
    expect(await failure(read())).toMatchObject({ code: 'ENOBUFS', operation: 'peers' })
    expect(floods).toBe(2)
    expect((await backend.device(name)).peers).toHaveLength(MANY)
  })

  it('between two messages of one set: ENOBUFS, with what was applied for certain', async () => {
    const name = await newDevice()
    const set = (n: number, socket: Parameters<typeof overrun>[0]): void => {
      if (n === 2) overrun(socket)
    }
    const backend = backendWith({ set })
    const error = await failure(backend.configure(name, many))
    expect(error).toMatchObject({ code: 'ENOBUFS', operation: 'configure', device: name })
    const { appliedPeers = 0 } = error as WireGuardError
    const { peers } = await backend.device(name)
    expect(appliedPeers).toBeGreaterThan(0)
    expect(peers.length).toBeGreaterThanOrEqual(appliedPeers)
    expect(peers.length).toBeLessThan(MANY)
    await using next = new KernelBackend()
    await next.configure(name, many)
    expect((await next.device(name)).peers).toHaveLength(MANY)
  })

  it('as small as it can be: a dump waits for room, and is whole', async () => {
    const name = await newDevice(many)
    setDefault('rmem', 2304)
    expect((await backendWith().device(name)).peers).toHaveLength(MANY)
  })

  it('of a watcher that was stopped: it tells what became of devices meanwhile', async () => {
    await using backend = new KernelBackend()
    await expectWatchToCatchUp(backend)
  })
})

describe('a send buffer that is too small', () => {
  it('for a message of a set: EMSGSIZE, nothing is applied, and the next call works', async () => {
    const name = await newDevice()
    setDefault('wmem', 8192)
    const backend = backendWith()
    expect(await failure(backend.configure(name, many))).toMatchObject({
      code: 'EMSGSIZE',
      operation: 'configure',
      device: name,
      appliedPeers: 0,
    })
    expect(await firstPeer(backend.peers(name))).toBeUndefined()
    await backend.configure(name, { peers: [{ publicKey: peerKey(1) }] })
    expect((await backend.device(name)).peers).toHaveLength(1)
  })
})
