import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Connection, NETLINK, NetlinkError, openNetlinkSocket, Rtnl } from '@wgctrl/netlink'
import { message } from '@wgctrl/netlink/testing'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { UserspaceBackend } from 'wgctrl'
import { failure } from '../contract/bench.js'
import { uniqueName } from '../contract/harness.js'
import { isolate } from '../contract/harnesses/isolation.js'
import { stopProcess } from '../stopped-process.js'
import { FaultyTransport } from './faulty-transport.js'
import { overrun } from './flooded-transport.js'
import { expectNothingLeft } from './leftovers.js'
import { CHANGES, expectWatchToCatchUp, storm } from './watch-through-loss.js'

/** @source linux/rtnetlink.h: the multicast group of links */
const LINKS = 1

beforeEach(async () => {
  await isolate()
  await expectNothingLeft()
})

/** A link that is no way out, and changes without pause when it is asked to. */
async function newLink(): Promise<{ name: string; rtnl: Rtnl; storm(): Promise<void> }> {
  const wg = new UserspaceBackend()
  const name = uniqueName()
  await wg.create(name)
  onTestFinished(() => wg.delete(name))
  const rtnl = await Rtnl.open()
  onTestFinished(() => rtnl.close())
  return { name, rtnl, storm: () => storm(rtnl, name) }
}

describe('a receive buffer that is full', () => {
  it('of link events: ENOBUFS, and what comes then is read', async () => {
    const { name, rtnl, storm } = await newLink()
    const options = { protocol: NETLINK.route, groups: [LINKS], receiveBufferSize: 4096 }
    await using socket = await openNetlinkSocket(options)
    await storm()
    const into = Buffer.alloc(65_536)
    const read = async (): Promise<unknown> => socket.receiveSync(into)
    const error = await failure(read())
    expect(error).toBeInstanceOf(NetlinkError)
    expect(error).toMatchObject({ code: 'ENOBUFS', errno: 105 })
    // What had room is still there.
    let kept = 0
    while (socket.receiveSync(into) !== undefined) kept++
    expect(kept).toBeGreaterThan(0)
    expect(kept).toBeLessThan(CHANGES)
    await rtnl.changeLink(name, { mtu: 1234 })
    expect(await socket.receive(into)).toBeGreaterThan(0)
  })

  it('of a process that was stopped: it is told of the loss, and hears of what comes then', async () => {
    const { name, rtnl, storm } = await newLink()
    const program = fileURLToPath(new URL('link-listener.mjs', import.meta.url))
    const listener = fork(program, [name])
    onTestFinished(() => void listener.kill('SIGKILL'))
    const exited = once(listener, 'exit')
    const lost: { heard: number; mtu: number; links: string[] }[] = []
    let end: { before: number[]; after: number[] } | undefined
    await once(listener, 'message')
    const told = new Promise<void>((resolve) => {
      listener.on('message', (message: { lost?: (typeof lost)[0]; end?: typeof end }) => {
        if (message.lost) lost.push(message.lost)
        end ??= message.end
        resolve()
      })
    })
    await stopProcess(listener.pid)
    await storm()
    listener.kill('SIGCONT')
    await Promise.race([told, exited])
    await rtnl.changeLink(name, { mtu: 1234 })
    expect(await exited).toEqual([0, null])
    // The list that it read then is as the links were. Other files have theirs beside it.
    expect(lost[0]).toMatchObject({ mtu: 1301, links: expect.arrayContaining(['lo', name]) })
    expect(lost.length).toBeLessThan(CHANGES)
    expect(end).toBeDefined()
    expect(end?.after).toEqual(end?.before)
  })

  it('of a watcher that was stopped: it tells what became of devices meanwhile', async () => {
    await expectWatchToCatchUp(new UserspaceBackend())
  })

  it('of answers: ENOBUFS, and the next request on the same socket is answered', async () => {
    const { name } = await newLink()
    const socket = await openNetlinkSocket({ protocol: NETLINK.route })
    let isFlooded = false
    const read = (): undefined => {
      if (!isFlooded) overrun(socket)
      isFlooded = true
    }
    await using rtnl = new Rtnl(new FaultyTransport(socket, { read }))
    const error = await failure(rtnl.links())
    expect(error).toBeInstanceOf(NetlinkError)
    expect(error).toMatchObject({ code: 'ENOBUFS', errno: 105 })
    expect(isFlooded).toBe(true)
    expect((await rtnl.links()).map((link) => link.name)).toContain(name)
    expect((await rtnl.link(name)).name).toBe(name)
  })
})

describe('a send buffer that is too small', () => {
  it('for a request: EMSGSIZE, of both ways to send, and the next request is answered', async () => {
    await using socket = await openNetlinkSocket({ protocol: NETLINK.route })
    const large = message(1, 5, 1, Buffer.alloc(8 << 20))
    const send = async (): Promise<void> => socket.sendSync(large)
    for (const call of [send(), socket.send(large)]) {
      const error = await failure(call)
      expect(error).toBeInstanceOf(NetlinkError)
      expect(error).toMatchObject({ code: 'EMSGSIZE', errno: 90 })
    }
    await using connection = new Connection(socket)
    const set = { name: 'none', table: [] } as never
    const request = { bytes: new Uint8Array(large), set, start: 16 }
    expect(await failure(connection.request(request))).toMatchObject({ code: 'EMSGSIZE' })
    const small = { bytes: new Uint8Array(message(1, 5, 1)), set, start: 16 }
    expect(await connection.request(small)).toEqual([])
  })
})
