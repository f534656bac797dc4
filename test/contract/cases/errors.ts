import { WireGuardError } from '@wgctrl/types'
import { expect, it } from 'vitest'
import { type Bench, failure, firstPeer } from '../bench.js'
import { uniqueName } from '../harness.js'
import { freePort, takenPort } from '../ports.js'
import { withoutPrivileges } from '../privileges.js'
import { keyPair, peerKey } from '../samples.js'

type Call = (name: string) => Promise<unknown>

export function errors(bench: Bench): void {
  const { traits } = bench
  const onDevice: Record<string, Call> = {
    device: (name) => bench.wg.device(name),
    peers: (name) => firstPeer(bench.wg.peers(name)),
    configure: (name) => bench.wg.configure(name, { peers: [{ publicKey: peerKey(1) }] }),
    delete: (name) => bench.wg.delete(name),
  }
  const operations = Object.keys(onDevice)
  const anyCall: Record<string, Call> = { ...onDevice, create: (name) => bench.wg.create(name) }

  it.each(operations)('ENODEV of %s: no such device', async (operation) => {
    const name = uniqueName()
    const error = await failure((onDevice[operation] as Call)(name))
    expect(error).toBeInstanceOf(WireGuardError)
    expect(error).toMatchObject({
      code: 'ENODEV',
      operation,
      device: name,
      backend: expect.any(String),
    })
    expect((error as Error).message).toContain(name)
  })

  it.each(operations)('ENODEV of %s: a device that is gone', async (operation) => {
    const name = await bench.newDevice({ privateKey: keyPair(1).privateKey })
    await bench.remove(name)
    const error = await failure((onDevice[operation] as Call)(name))
    expect(error).toMatchObject({ code: 'ENODEV', operation, device: name })
  })

  it(`${traits.otherLink} of a link that is no WireGuard device`, async () => {
    for (const operation of operations) {
      if (operation === 'delete') continue
      const error = await failure((onDevice[operation] as Call)('lo'))
      expect(error).toMatchObject({ code: traits.otherLink, operation, device: 'lo' })
    }
  })

  it.each([...['', '.', '..', '../x', 'a/b', '/', 'a b', 'a\0', 'wg0\n', 'sixteen_letters_']])(
    'EINVAL of the name %j',
    async (name) => {
      const before = await bench.list()
      for (const call of Object.values(anyCall)) {
        const error = await failure(call(name))
        expect(error).toBeInstanceOf(WireGuardError)
        expect(error).toMatchObject({ code: 'EINVAL', path: 'name' })
      }
      for (const added of await bench.list()) {
        if (!before.includes(added)) expect(added).toMatch(/^[\w=+.-]{1,15}$/)
      }
    },
  )

  const unusual = traits.takesLinkNames ? { code: 'ENODEV' } : { code: 'EINVAL', path: 'name' }

  it.each(['-x', 'ü', 'wg@home', 'wg~0'])(
    `${unusual.code} of %j, which is a name to the kernel`,
    async (name) => {
      for (const call of Object.values(onDevice)) {
        expect(await failure(call(name))).toMatchObject(unusual)
      }
      expect(await failure(bench.wg.create(name))).toMatchObject({ code: 'EINVAL', path: 'name' })
    },
  )

  it.each([undefined, null, 7, {}])('TypeError of the name %o', async (name) => {
    for (const call of Object.values(anyCall)) {
      const error = await failure(call(name as never))
      expect(error).toBeInstanceOf(TypeError)
      expect(error).toMatchObject({ code: 'EINVAL', path: 'name' })
    }
  })

  it.each<[object, string, typeof TypeError | typeof RangeError]>([
    [{ signal: {} }, 'options.signal', TypeError],
    [{ timeout: '1' }, 'options.timeout', TypeError],
    [{ timeout: 0 }, 'options.timeout', RangeError],
    [{ timeout: -1 }, 'options.timeout', RangeError],
    [{ timeout: Number.NaN }, 'options.timeout', RangeError],
  ])('EINVAL of the options %o', async (options, path, kind) => {
    const name = await bench.newDevice()
    const calls = [
      () => bench.wg.list(options),
      () => bench.wg.device(name, options),
      () => firstPeer(bench.wg.peers(name, options)),
      () => bench.wg.configure(name, { firewallMark: 1 }, options),
      () => bench.wg.create(uniqueName(), options),
      () => bench.wg.delete(name, options),
    ]
    for (const call of calls) {
      const error = await failure(call())
      expect(error).toBeInstanceOf(kind)
      expect(error).toMatchObject({ code: 'EINVAL', path })
    }
    expect(await bench.read(name)).toMatchObject({ firewallMark: 0 })
  })

  it(`${traits.bindsPorts ? 'EADDRINUSE of' : 'takes'} a port that another program has`, async () => {
    await using taken = await takenPort()
    const name = await bench.newDevice()
    const call = bench.wg.configure(name, { listenPort: taken.port })
    if (traits.bindsPorts) {
      const error = await failure(call)
      expect(error).toMatchObject({ code: 'EADDRINUSE', operation: 'configure', device: name })
    } else {
      await call
    }
    const listenPort = await freePort()
    await bench.wg.configure(name, { listenPort })
    expect(await bench.read(name)).toMatchObject({ listenPort })
  })

  it(`${traits.bindsPorts ? 'EADDRINUSE of' : 'takes'} a port that another device has`, async () => {
    const listenPort = await freePort()
    await bench.newDevice({ listenPort })
    const call = bench.wg.configure(await bench.newDevice(), { listenPort })
    if (traits.bindsPorts) expect(await failure(call)).toMatchObject({ code: 'EADDRINUSE' })
    else await call
  })

  it('leaves a device as it was that asks for a port that is taken', async () => {
    await using taken = await takenPort()
    const { privateKey } = keyPair(1)
    const listenPort = await freePort()
    const peers = [{ publicKey: peerKey(1), allowedIPs: ['10.0.0.1/32'] }]
    const name = await bench.newDevice({ privateKey, listenPort, firewallMark: 3, peers })
    const other = { listenPort: taken.port, firewallMark: 4, privateKey: keyPair(2).privateKey }
    const change = { ...other, replacePeers: true, peers: [{ publicKey: peerKey(2) }] }
    if (!traits.bindsPorts) {
      await bench.wg.configure(name, change)
      expect(await bench.read(name)).toMatchObject({ listenPort: taken.port, firewallMark: 4 })
      return
    }
    for (let round = 0; round < 3; round++) {
      const error = await bench.refusal(name, change)
      expect(error).toMatchObject({ code: 'EADDRINUSE' })
      expect(error).not.toHaveProperty('lostPort')
    }
    expect(await bench.read(name)).toMatchObject({ listenPort })
  })

  it('says that a change which failed at the port applied no peer', async () => {
    await using taken = await takenPort()
    const name = await bench.newDevice()
    const change = { listenPort: taken.port, peers: [{ publicKey: peerKey(1) }] }
    const call = bench.wg.configure(name, change)
    if (traits.bindsPorts) expect(await failure(call)).toMatchObject({ appliedPeers: 0 })
    else await call
    expect((await bench.read(name)).peers).toHaveLength(traits.bindsPorts ? 0 : 1)
  })

  it('says how many peers a change applied that failed at a later one', async () => {
    const name = await bench.newDevice()
    const peers = [1, 2, 3].map((n) => ({ publicKey: peerKey(n), persistentKeepalive: n }))
    const spoiled = { publicKey: peerKey(4), endpoint: '[fe80::1%no_such_link]:9' }
    const call = bench.wg.configure(name, { peers: [...peers, spoiled] })
    if (traits.findsScopes) {
      const error = await failure(call)
      const { peers: applied } = await bench.read(name)
      expect(error).toMatchObject({ code: 'EINVAL' })
      // The peer that failed is there, without its endpoint, where peers are applied line by line.
      const complete = applied.filter((peer) => peer.publicKey !== spoiled.publicKey)
      expect((error as WireGuardError).appliedPeers ?? 0).toBe(complete.length)
    } else {
      await call
      expect((await bench.read(name)).peers).toHaveLength(4)
    }
  })

  it(`${traits.guarded ? 'EPERM without' : 'asks for no'} privileges`, async () => {
    const name = await bench.newDevice()
    for (const operation of ['device', 'peers', 'configure']) {
      const call = onDevice[operation] as Call
      if (traits.guarded) {
        const error = await withoutPrivileges(() => failure(call(name)))
        expect(error).toMatchObject({ code: 'EPERM', operation, device: name })
      } else {
        await withoutPrivileges(() => call(name))
      }
    }
    expect((await bench.read(name)).peers).toHaveLength(traits.guarded ? 0 : 1)
  })

  it('carries on after every failure', async () => {
    const name = await bench.newDevice()
    for (let round = 0; round < 20; round++) {
      await failure(bench.wg.device(uniqueName()))
      await failure(bench.wg.configure(name, { listenPort: -1 }))
      await failure(bench.wg.create(name))
    }
    await bench.wg.configure(name, { firewallMark: 4 })
    expect(await bench.read(name)).toMatchObject({ firewallMark: 4 })
  })
}
