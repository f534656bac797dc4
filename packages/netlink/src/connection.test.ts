import { describe, expect, it } from 'vitest'
import { NLM_F } from './codec/message.js'
import { Connection } from './connection.js'
import { listFamilies, resolveFamily } from './genl.js'
import { genlRequest } from './request.js'
import { wgDevice } from './specs/wireguard.js'
import { answer, done, fakeTransport, type KernelFunction, message, s32 } from './testing/index.js'
import { recording } from './vectors.fixture.js'

const request = () => genlRequest(34, 0, 1, wgDevice, { ifname: 'wg0' })
const connect = (kernel: KernelFunction) => {
  const transport = fakeTransport(kernel)
  return { transport, connection: new Connection(transport) }
}
const data = (to: Buffer, byte: number, flags = 2): Buffer =>
  message(34, flags, to.readUInt32LE(8), Buffer.from([byte, 0, 0, 0]))

describe('Connection', () => {
  it('sends sequence numbers and the flags that the request needs', async () => {
    const { transport, connection } = connect((to) => [answer(to, 0)])
    await connection.request(request())
    await connection.request(request())
    const sent = transport.requests.map((bytes) => [bytes.readUInt16LE(6), bytes.readUInt32LE(8)])
    expect(sent).toEqual([
      [NLM_F.request | NLM_F.ack, 1],
      [NLM_F.request | NLM_F.ack, 2],
    ])
  })

  it('collects a dump over many datagrams, up to DONE in the midst of one', async () => {
    const { connection } = connect((to) => [
      ...[1, 2, 3, 4].map((byte) => data(to, byte)),
      Buffer.concat([data(to, 5), data(to, 6), done(to)]),
    ])
    const messages = await connection.dump(request())
    expect(messages.map(({ payload }) => payload[0])).toEqual([1, 2, 3, 4, 5, 6])
  })

  it('skips and counts what belongs to other requests', async () => {
    const foreign = message(34, 2, 99, Buffer.from([9, 0, 0, 0]))
    const { connection } = connect((to) => [
      foreign,
      Buffer.concat([foreign, data(to, 1), done(to)]),
    ])
    expect((await connection.dump(request())).map(({ payload }) => payload[0])).toEqual([1])
    expect(connection.foreignMessages).toBe(2)
  })

  it('takes the errno of NLMSG_ERROR and of NLMSG_DONE', async () => {
    const refused = connect((to) => [answer(to, 19)]).connection.request(request())
    await expect(refused).rejects.toMatchObject({ name: 'NetlinkError', code: 'ENODEV', errno: 19 })
    const failed = connect((to) => [data(to, 1), done(to, 90)]).connection.dump(request())
    await expect(failed).rejects.toMatchObject({ code: 'EMSGSIZE', errno: 90 })
  })

  it('says EPERM for EACCES too, and what it takes', async () => {
    const refused = connect((to) => [answer(to, 13)]).connection.request(request())
    await expect(refused).rejects.toMatchObject({ code: 'EPERM', message: /CAP_NET_ADMIN/ })
  })

  it('does not wait for an answer that is not coming', async () => {
    const nothing = connect(() => []).connection.request(request())
    await expect(nothing).rejects.toMatchObject({ code: 'EPROTO' })
    const half = connect((to) => [data(to, 1), data(to, 2), data(to, 3)]).connection.dump(request())
    await expect(half).rejects.toMatchObject({ code: 'EPROTO' })
  })

  it('reports an overrun', async () => {
    const overrun = connect((to) => [message(4, 0, to.readUInt32LE(8), s32(0))])
    await expect(overrun.connection.dump(request())).rejects.toMatchObject({ code: 'ENOBUFS' })
  })

  it('reads a torn dump again, and gives up with EINTR', async () => {
    let torn = 2
    const { connection } = connect((to) => [data(to, 1, torn-- > 0 ? 0x12 : 2), done(to)])
    expect(await connection.dump(request())).toHaveLength(1)
    const always = connect((to) => [data(to, 1), done(to, 0, 0x10)]).connection.dump(request())
    await expect(always).rejects.toMatchObject({ code: 'EINTR' })
  })

  it('answers requests in the order of the calls', async () => {
    const { connection } = connect((to) => [data(to, to.readUInt32LE(8)), answer(to, 0)])
    const answers = await Promise.all([1, 2, 3].map(() => connection.request(request())))
    expect(answers.map(([first]) => first?.payload[0])).toEqual([1, 2, 3])
  })

  it('reads the rest away of an answer that was given up', async () => {
    const { connection } = connect((to) =>
      to.readUInt32LE(8) === 1
        ? [...Array.from({ length: 50 }, (_, i) => data(to, i)), done(to)]
        : [data(to, 77), answer(to, 0)],
    )
    await connection.exchange(request(), NLM_F.dump, {}, async (reply) => {
      for (let i = 0; i < 3; i++) await reply.advance()
    })
    expect(connection.dirty).toBe(true)
    const [message] = await connection.request(request())
    expect(message?.payload[0]).toBe(77)
    expect(connection.dirty).toBe(false)
  })

  it('ends with an AbortError when the signal fires', async () => {
    const abort = new AbortController()
    const aborted = { code: 'ABORT_ERR', cause: new Error('enough') }
    const { connection } = connect((to) => Array.from({ length: 50 }, (_, i) => data(to, i)))
    const reading = connection.exchange(
      request(),
      NLM_F.dump,
      { signal: abort.signal },
      async (reply) => {
        while (await reply.advance()) abort.abort(new Error('enough'))
      },
    )
    await expect(reading).rejects.toMatchObject(aborted)
    await expect(connection.request(request(), { signal: abort.signal })).rejects.toMatchObject(
      aborted,
    )
  })

  it('leaves no bytes of an answer in its buffers', async () => {
    const { connection } = connect((to) => [
      message(34, 2, to.readUInt32LE(8), Buffer.alloc(64, 0xaa)),
      done(to),
    ])
    let seen: Uint8Array = new Uint8Array()
    await connection.exchange(request(), NLM_F.dump, {}, async (reply) => {
      while (await reply.advance()) while (reply.next()) seen = reply.cursor.bytes
    })
    expect(seen.length).toBeGreaterThan(0)
    expect(seen.subarray(0, 100).includes(0xaa)).toBe(false)
  })
})

describe('resolveFamily', () => {
  const replay = (label: string) =>
    connect((to) =>
      recording(label).replies.map((reply) => {
        const copy = Buffer.from(reply)
        copy.writeUInt32LE(to.readUInt32LE(8), 8)
        return copy
      }),
    ).connection

  it('reads what a real kernel said of WireGuard', async () => {
    expect(await resolveFamily(replay('getfamily wireguard'), 'wireguard')).toEqual({
      name: 'wireguard',
      id: 34,
      version: 1,
      headerSize: 0,
      maxAttribute: 8,
      operations: [
        { id: 0, flags: 28 },
        { id: 1, flags: 26 },
      ],
      multicastGroups: {},
    })
  })

  it('says ENOENT of a family that there is not', async () => {
    const missing = resolveFamily(replay('getfamily nope'), 'nope')
    await expect(missing).rejects.toMatchObject({ code: 'ENOENT', message: /no .* family nope/ })
  })

  it.runIf(process.platform === 'linux')('asks the kernel of this machine', async () => {
    const connection = await Connection.open({ protocol: 16 })
    const nlctrl = await resolveFamily(connection, 'nlctrl')
    expect(nlctrl).toMatchObject({ name: 'nlctrl', id: 16, multicastGroups: { notify: 16 } })
    expect((await listFamilies(connection)).map(({ name }) => name)).toContain('nlctrl')
    await connection.close()
  })
})
