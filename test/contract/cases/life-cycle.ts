import { expect, it } from 'vitest'
import { type Bench, failure } from '../bench.js'
import { uniqueName } from '../harness.js'
import { keyPair, peerKey } from '../samples.js'

export function lifeCycle(bench: Bench): void {
  const create = async (name: string): Promise<string> => {
    bench.removeAfterCase(name)
    await bench.wg.create(name)
    return name
  }

  it('keeps devices apart', async () => {
    const left = await bench.newDevice({ firewallMark: 1, peers: [{ publicKey: peerKey(1) }] })
    const right = await bench.newDevice({ firewallMark: 2, peers: [{ publicKey: peerKey(2) }] })
    expect(await bench.read(left)).toMatchObject({
      firewallMark: 1,
      peers: [{ publicKey: peerKey(1) }],
    })
    expect(await bench.read(right)).toMatchObject({
      firewallMark: 2,
      peers: [{ publicKey: peerKey(2) }],
    })
  })

  if (!bench.traits.create) {
    it('makes and removes no device: EUNSUPPORTED', async () => {
      const refused = (feature: string) => ({ code: 'EUNSUPPORTED', operation: feature, feature })
      const name = uniqueName()
      expect(await failure(bench.wg.create(name))).toMatchObject(refused('create'))
      expect(await bench.isListed(name)).toBe(false)
      const other = await bench.newDevice({ firewallMark: 1 })
      expect(await failure(bench.wg.create(other))).toMatchObject(refused('create'))
      expect(await failure(bench.wg.delete(other))).toMatchObject(refused('delete'))
      expect(await bench.read(other)).toMatchObject({ firewallMark: 1 })
    })
    return
  }

  it('lists the devices that there are, sorted', async () => {
    const names = [await bench.newDevice(), await bench.newDevice(), await bench.newDevice()]
    const list = await bench.wg.list()
    expect(list).toEqual(expect.arrayContaining(names))
    expect(list).toEqual([...new Set(list)].sort())
    await bench.wg.delete(names[1] as string)
    const rest = await bench.wg.list()
    expect(rest).toEqual(expect.arrayContaining([names[0], names[2]]))
    expect(rest).not.toContain(names[1])
  })

  it('makes a device that answers at once', async () => {
    const name = await create(uniqueName())
    expect(await bench.wg.list()).toContain(name)
    await bench.wg.configure(name, { peers: [{ publicKey: peerKey(1) }] })
    expect((await bench.wg.device(name)).peers).toHaveLength(1)
  })

  it.each(['A_=+.-z', 'fifteen_letters', '0'])('makes a device of a name like %s', async (like) => {
    const name = `${uniqueName()}${like}`.slice(-15).replace(/^-/, 'w')
    await create(name)
    expect((await bench.wg.device(name)).name).toBe(name)
    expect(await bench.wg.list()).toContain(name)
    await bench.wg.delete(name)
    expect(await bench.wg.list()).not.toContain(name)
  })

  it('makes no device twice, and leaves the first alone', async () => {
    const name = await bench.newDevice({ peers: [{ publicKey: peerKey(1) }] })
    const error = await failure(bench.wg.create(name))
    expect(error).toMatchObject({ code: 'EEXIST', operation: 'create', device: name })
    expect((await bench.wg.device(name)).peers).toHaveLength(1)
  })

  it('makes one device of two calls at once', async () => {
    const name = uniqueName()
    bench.removeAfterCase(name)
    const results = await Promise.allSettled([bench.wg.create(name), bench.wg.create(name)])
    expect(results).toMatchObject([
      { status: 'fulfilled' },
      { status: 'rejected', reason: { code: 'EEXIST' } },
    ])
    expect((await bench.wg.device(name)).name).toBe(name)
  })

  it('removes a device once', async () => {
    const name = await bench.newDevice()
    const results = await Promise.allSettled([bench.wg.delete(name), bench.wg.delete(name)])
    expect(results).toMatchObject([
      { status: 'fulfilled' },
      { status: 'rejected', reason: { code: 'ENODEV' } },
    ])
  })

  it('makes a new device of an old name, which remembers nothing', async () => {
    const { privateKey, publicKey } = keyPair(1)
    const name = await bench.newDevice({ privateKey, firewallMark: 1 })
    await bench.wg.delete(name)
    await create(name)
    expect(await bench.read(name)).toMatchObject({ firewallMark: 0, peers: [] })
    await bench.wg.configure(name, { peers: [{ publicKey }] })
    expect(await bench.readPeer(name)).toMatchObject({ publicKey })
  })

  it(
    bench.traits.mtu ? 'makes a device of the MTU asked for' : 'makes no device with an MTU',
    async () => {
      const name = uniqueName()
      bench.removeAfterCase(name)
      const call = bench.wg.create(name, { mtu: 1380 })
      if (bench.traits.mtu) {
        await call
        expect(await bench.wg.list()).toContain(name)
      } else {
        expect(await failure(call)).toMatchObject({ code: 'EUNSUPPORTED', feature: 'mtu' })
        expect(await bench.wg.list()).not.toContain(name)
      }
    },
  )
}
