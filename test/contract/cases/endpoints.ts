import type { Endpoint } from '@wgctrl/types'
import { expect, it } from 'vitest'
import { type Bench, failure } from '../bench.js'
import { barePeer, peerKey } from '../samples.js'

/** Loopback is the first link of every network namespace. */
const LOOPBACK = { name: 'lo', index: 1 }

export function endpoints(bench: Bench): void {
  const { traits } = bench
  const publicKey = peerKey(1)
  const set = (name: string, endpoint: string | Endpoint): Promise<void> =>
    bench.wg.configure(name, { peers: [{ publicKey, endpoint }] })

  it.each<[string | Endpoint, Endpoint]>([
    ['127.0.0.1:1', { address: '127.0.0.1', port: 1, family: 4 }],
    ['127.255.255.254:65535', { address: '127.255.255.254', port: 65535, family: 4 }],
    ['[::1]:51820', { address: '::1', port: 51820, family: 6 }],
    ['[::ffff:127.0.0.1]:7', { address: '127.0.0.1', port: 7, family: 4 }],
    [
      { address: '::ffff:7f00:1', port: 7, family: 6 },
      { address: '127.0.0.1', port: 7, family: 4 },
    ],
    [
      { address: '0:0::1', port: 80, family: 6 },
      { address: '::1', port: 80, family: 6 },
    ],
    ['[FE80::1]:9', { address: 'fe80::1', port: 9, family: 6 }],
  ])('takes %o', async (input, expected) => {
    const name = await bench.newDevice()
    await set(name, input)
    expect(await bench.readPeer(name)).toEqual({ ...barePeer(publicKey), endpoint: expected })
  })

  it.each<[string, string | Endpoint]>([
    ['a name', '[fe80::1%lo]:9'],
    ['an index', '[fe80::1%1]:9'],
    ['an index of its own', { address: 'fe80::1', port: 9, family: 6, scopeId: 1 }],
  ])(
    `${traits.endpointScope ? 'gives back' : 'takes, but loses'} a scope given as %s`,
    async (_, input) => {
      const name = await bench.newDevice()
      await set(name, input)
      const { scopeId, ...endpoint } = (await bench.readPeer(name)).endpoint ?? {}
      expect(endpoint).toEqual({ address: 'fe80::1', port: 9, family: 6 })
      if (traits.endpointScope) expect([LOOPBACK.name, LOOPBACK.index]).toContain(scopeId)
      else expect(scopeId).toBeUndefined()
    },
  )

  it(`${traits.findsScopes ? 'refuses' : 'takes'} a scope of no link`, async () => {
    const name = await bench.newDevice({ peers: [{ publicKey, endpoint: '127.0.0.1:1' }] })
    const call = set(name, '[fe80::1%no_such_link]:9')
    if (traits.findsScopes) expect(await failure(call)).toMatchObject({ code: 'EINVAL' })
    else await call
    const address = traits.findsScopes ? '127.0.0.1' : 'fe80::1'
    expect(await bench.readPeer(name)).toMatchObject({ endpoint: { address } })
  })

  it('leaves an endpoint and changes it, also to the other family', async () => {
    const name = await bench.newDevice({ peers: [{ publicKey, endpoint: '127.0.0.1:1' }] })
    await bench.wg.configure(name, { peers: [{ publicKey, persistentKeepalive: 0 }] })
    expect(await bench.readPeer(name)).toMatchObject({ endpoint: { address: '127.0.0.1' } })
    await set(name, '[::1]:2')
    expect((await bench.readPeer(name)).endpoint).toEqual({ address: '::1', port: 2, family: 6 })
    await set(name, '127.0.0.2:3')
    expect((await bench.readPeer(name)).endpoint).toEqual({
      address: '127.0.0.2',
      port: 3,
      family: 4,
    })
  })

  it('refuses to clear an endpoint, which removing the peer and giving it anew does', async () => {
    const name = await bench.newDevice({ peers: [{ publicKey, endpoint: '127.0.0.1:1' }] })
    const cleared = { peers: [{ publicKey, endpoint: null as never }] }
    const path = 'peers[0].endpoint'
    expect(await bench.refusal(name, cleared)).toMatchObject({ code: 'EINVAL', path })
    await bench.wg.configure(name, { peers: [{ publicKey, remove: true }, { publicKey }] })
    expect(await bench.readPeer(name)).toEqual(barePeer(publicKey))
  })

  it('takes back the endpoint that it gave', async () => {
    const name = await bench.newDevice({ peers: [{ publicKey, endpoint: '[fe80::1%lo]:1' }] })
    const { endpoint } = await bench.readPeer(name)
    await set(name, endpoint as Endpoint)
    expect((await bench.readPeer(name)).endpoint).toEqual(endpoint)
  })

  it('keeps an endpoint beside a keepalive and a private key', async () => {
    const name = await bench.newDevice({
      privateKey: new Uint8Array(32).fill(64),
      peers: [{ publicKey, endpoint: '127.0.0.1:9', persistentKeepalive: 1 }],
    })
    expect(await bench.readPeer(name)).toEqual({
      ...barePeer(publicKey),
      endpoint: { address: '127.0.0.1', port: 9, family: 4 },
      persistentKeepalive: 1,
    })
  })

  it(`${traits.resolvesNames ? 'resolves' : 'refuses'} a host name`, async () => {
    const name = await bench.newDevice()
    const call = set(name, 'localhost:5')
    if (traits.resolvesNames) {
      await call
      const { endpoint } = await bench.readPeer(name)
      expect(['127.0.0.1', '::1']).toContain(endpoint?.address)
      expect(endpoint?.port).toBe(5)
    } else {
      const refusal = { code: 'EINVAL', path: 'peers[0].endpoint' }
      expect(await failure(call)).toMatchObject(refusal)
    }
  })
}
