import { execFileSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { fstatSync } from 'node:fs'
import { NETLINK, openNetlinkSocket, openPacketReader, Rtnl, watchLinks } from '@wgctrl/netlink'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import {
  initiationFilter,
  LONGEST_PACKET,
} from '../../packages/wireguard/src/handshakes/initiation-filter.js'
import { failure } from '../contract/bench.js'
import { uniqueName } from '../contract/harness.js'
import { isolate } from '../contract/harnesses/isolation.js'
import { CHANGES } from '../faults/watch-through-loss.js'

/** As Deno's, which knows no descriptors but those that it opened itself. */
vi.mock('node:fs', async (importOriginal) => ({
  ...(await importOriginal<typeof import('node:fs')>()),
  fstatSync: vi.fn(() => {
    throw Object.assign(new Error('EBADF: bad file descriptor, fstat'), { code: 'EBADF' })
  }),
}))

const PORT = 45_679
const initiation = Buffer.alloc(148, 9)
initiation.set([1, 0, 0, 0])

async function openRtnl(): Promise<Rtnl> {
  const rtnl = await Rtnl.open()
  onTestFinished(() => rtnl.close())
  return rtnl
}

async function newLink(rtnl: Rtnl): Promise<string> {
  const name = uniqueName()
  await rtnl.createLink({ name, kind: 'veth' })
  onTestFinished(() => rtnl.deleteLink(name))
  return name
}

async function send(message: Uint8Array): Promise<void> {
  const socket = createSocket('udp4')
  await new Promise((resolve) => socket.send(message, PORT, '127.0.0.1', resolve))
  socket.close()
  await once(socket, 'close')
}

beforeEach(async () => {
  await isolate()
})

describe('where node:fs does not know the descriptors of FFI', () => {
  it('requests and dumps go through FFI', async () => {
    const rtnl = await openRtnl()
    const name = await newLink(rtnl)
    expect(await rtnl.links()).toContainEqual(expect.objectContaining({ name, kind: 'veth' }))
    expect(await failure(rtnl.link(uniqueName()))).toMatchObject({ code: 'ENODEV' })
    expect(fstatSync).toHaveBeenCalled()
  })

  it('nothing queued is no error, and a closed socket is one', async () => {
    const socket = await openNetlinkSocket({ protocol: NETLINK.route })
    const into = Buffer.alloc(100)
    expect(socket.receiveSync(into)).toBeUndefined()
    expect(await socket.receive(into)).toBeUndefined()
    const reading = socket.receive(into)
    await socket.close()
    expect(await reading).toBeUndefined()
    expect(await failure(socket.receive(into))).toMatchObject({ code: 'EBADF' })
  })

  it('links are watched, without a thread', async () => {
    const rtnl = await openRtnl()
    await using events = await watchLinks()
    const name = await newLink(rtnl)
    for await (const event of events) {
      if (event.type === 'changed' && event.link.name === name) break
    }
  })

  it('a watch ends by its signal', async () => {
    const abort = new AbortController()
    const events = await watchLinks({ signal: abort.signal })
    const next = failure(events.next())
    abort.abort()
    expect(await next).toMatchObject({ name: 'AbortError' })
  })

  it('a watch that lost events says so, and goes on', async () => {
    const rtnl = await openRtnl()
    const name = await newLink(rtnl)
    const events = await watchLinks()
    const changes = Array.from(
      { length: CHANGES },
      (_, n) => `link set ${name} mtu ${1300 + (n % 2)}`,
    )
    // The event loop stands still meanwhile: one read is under way at most.
    execFileSync('ip', ['-batch', '-'], { input: changes.join('\n') })
    let seen = 0
    for await (const event of events) {
      if (event.type === 'lost') break
      seen++
    }
    expect(seen).toBeLessThan(CHANGES)
  })

  it('packets are read in order, also more than the ring holds', async () => {
    const reader = await openPacketReader({
      filter: initiationFilter(PORT),
      maxLength: LONGEST_PACKET,
    })
    onTestFinished(() => reader.close())
    const count = 1500
    for (let index = 0; index < count; index++) {
      initiation.writeUInt32LE(index, 4)
      await send(Uint8Array.from(initiation))
    }
    const numbers: number[] = []
    while (numbers.length < count && (await reader.wait())) {
      for (let packet = reader.take(); packet; packet = reader.take()) {
        // Behind the headers of IPv4 and UDP.
        numbers.push(Buffer.from(packet).readUInt32LE(28 + 4))
      }
    }
    expect(numbers).toEqual(Array.from({ length: count }, (_, index) => index))
    expect(reader.drops).toBe(0)
  })
})
