import { readlinkSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { inNamespace } from './in-namespace.js'
import { Rtnl } from './rtnl.js'
import { routeLookupRequest, toRoute } from './rtnl-route.js'
import { answer, attr, done, fakeTransport, message } from './testing/index.js'

/** rtmsg of a family and, as the only attribute, a destination of so many bytes. */
const routeTo = (family: number, bytes: number): Buffer =>
  Buffer.concat([
    Buffer.from([family, 8, 0, 0, 254, 3, 0, 1, 0, 0, 0, 0]),
    attr(1, Buffer.alloc(bytes)),
  ])

describe('toRoute', () => {
  it.each([
    [2, 3],
    [10, 4],
    [10, 15],
  ])('refuses an address of family %d with %d bytes', (family, bytes) => {
    expect(() => toRoute({ payload: routeTo(family, bytes) })).toThrow(
      expect.objectContaining({ code: 'EPROTO' }),
    )
  })

  it('leaves out what is not of the internet: multicast routing, MPLS', async () => {
    const payloads = [routeTo(2, 4), routeTo(128, 4), routeTo(129, 16), routeTo(28, 4)]
    await using rtnl = new Rtnl(
      fakeTransport((request) => {
        const sequence = request.readUInt32LE(8)
        return [...payloads.map((each) => message(24, 2, sequence, each)), done(request)]
      }),
    )
    expect(await rtnl.routes()).toMatchObject([{ family: 4, destination: '0.0.0.0/8' }])
  })
})

describe('a family that is not there', () => {
  const withoutIPv6 = (): Rtnl =>
    new Rtnl(
      fakeTransport((request) => {
        const [sequence, isRule] = [request.readUInt32LE(8), request.readUInt16LE(4) === 34]
        if (isRule) return [answer(request, -97)]
        // Asked for addresses and routes of a family that it does not have, a kernel gives those of all.
        const payload = routeTo(2, 4)
        return [message(request.readUInt16LE(4) - 2, 2, sequence, payload), done(request)]
      }),
    )

  it('has neither rules nor addresses nor routes', async () => {
    await using rtnl = withoutIPv6()
    expect(await rtnl.rules({ family: 6 })).toEqual([])
    expect(await rtnl.routes({ family: 6 })).toEqual([])
    expect(await rtnl.addresses({ family: 6 })).toEqual([])
    expect(await rtnl.routes({ family: 4 })).toHaveLength(1)
  })

  it('gets a code of its own', async () => {
    await using rtnl = new Rtnl(fakeTransport((request) => [answer(request, -95)]))
    const failure = { code: 'EAFNOSUPPORT', message: /^IPv6 is switched off/ }
    const added = rtnl.addAddress({ index: 1, address: 'fd00::1/64' })
    await expect(added).rejects.toMatchObject(failure)
    await expect(rtnl.addRoute({ destination: 'fd00::/64' })).rejects.toMatchObject(failure)
    await expect(rtnl.routeTo('fd00::1')).rejects.toMatchObject(failure)
    const other = rtnl.addAddress({ index: 1, address: '10.0.0.1/24' })
    await expect(other).rejects.toMatchObject({ code: 'EOPNOTSUPP' })
  })
})

describe('routeLookupRequest', () => {
  it('asks for one address, as `ip route get 192.0.2.1 mark 7` does', () => {
    const { bytes } = routeLookupRequest('192.0.2.1', 7)
    // rtmsg: family 2, dst_len 32, RTM_F_LOOKUP_TABLE; RTA_DST (1) with four bytes; RTA_MARK (16).
    const expected = '02200000000000000010000008000100c00002010800100007000000'
    expect(Buffer.from(bytes.subarray(16)).toString('hex')).toBe(expected)
  })

  it('asks IPv6 without a flag that it refuses, as `ip -6 route get` does', () => {
    const { bytes } = routeLookupRequest('::1')
    expect(Buffer.from(bytes.subarray(16, 28)).toString('hex')).toBe('0a8000000000000000000000')
  })

  it('has no mark for none, and refuses what is no address', () => {
    expect(routeLookupRequest('::1').bytes).toHaveLength(16 + 12 + 20)
    expect(() => routeLookupRequest('10.0.0.0/8')).toThrow(/not an IP address/)
  })
})

describe.runIf(process.platform === 'linux')('this machine', () => {
  it('has a way to itself', async () => {
    await using rtnl = await Rtnl.open()
    const lo = await rtnl.link('lo')
    expect(await rtnl.routeTo('127.0.0.1')).toMatchObject({
      family: 4,
      destination: '127.0.0.1/32',
      link: lo.index,
    })
  })
})

const isRoot = process.geteuid?.() === 0

describe.runIf(process.platform === 'linux' && isRoot)('inNamespace', () => {
  it('runs there, and comes back whatever happens', async () => {
    const here = () => readlinkSync('/proc/thread-self/ns/net')
    expect(await inNamespace(process.pid, here)).toBe(here())
    const fail = () => {
      throw new Error('no')
    }
    await expect(inNamespace(process.pid, fail)).rejects.toThrow('no')
    await expect(inNamespace('no-such-namespace', here)).rejects.toMatchObject({ code: 'ENOENT' })
  })
})
