import { expect, it } from 'vitest'
import type { Bench } from '../bench.js'
import { barePeer, keyPair, network, networks, peerKey, secret } from '../samples.js'

export function peers(bench: Bench): void {
  const [a, b, c] = [peerKey(1), peerKey(2), peerKey(3)]
  const full = {
    publicKey: a,
    presharedKey: secret(1),
    endpoint: '127.0.0.1:1000',
    persistentKeepalive: 10,
    allowedIPs: networks(4),
  }
  const fullRead = {
    ...barePeer(a),
    presharedKey: secret(1),
    endpoint: { address: '127.0.0.1', port: 1000, family: 4 },
    persistentKeepalive: 10,
    allowedIPs: networks(4).sort(),
  }
  const keysOf = async (name: string): Promise<string[]> =>
    (await bench.read(name)).peers.map((peer) => peer.publicKey)

  it('sets every field of a peer', async () => {
    expect(await bench.readPeer(await bench.newDevice({ peers: [full] }))).toEqual(fullRead)
  })

  it('takes a key as bytes', async () => {
    const name = await bench.newDevice({ peers: [{ publicKey: Buffer.from(a, 'base64') }] })
    expect(await keysOf(name)).toEqual([a])
  })

  it('leaves what a change of a peer does not name', async () => {
    const name = await bench.newDevice({ peers: [full] })
    await bench.wg.configure(name, { peers: [{ publicKey: a }] })
    expect(await bench.readPeer(name)).toEqual(fullRead)
    await bench.wg.configure(name, { peers: [{ publicKey: a, persistentKeepalive: 11 }] })
    expect(await bench.readPeer(name)).toEqual({ ...fullRead, persistentKeepalive: 11 })
    await bench.wg.configure(name, { peers: [{ publicKey: a, presharedKey: secret(2) }] })
    expect(await bench.readPeer(name)).toMatchObject({
      presharedKey: secret(2),
      endpoint: fullRead.endpoint,
    })
  })

  it('keeps the fields of neighbours apart', async () => {
    const bare = [b, c].map((publicKey) => ({ publicKey }))
    const name = await bench.newDevice({ peers: [full, ...bare] })
    await bench.wg.configure(name, {
      peers: [{ publicKey: c, remove: true }, full, { publicKey: b, persistentKeepalive: 1 }],
    })
    const expected = [fullRead, { ...barePeer(b), persistentKeepalive: 1 }]
    expect((await bench.read(name)).peers).toEqual(expect.arrayContaining(expected))
    expect(await keysOf(name)).toEqual([a, b].sort())
  })

  it('merges new peers with those that are there', async () => {
    const name = await bench.newDevice({ peers: [full] })
    await bench.wg.configure(name, { peers: [{ publicKey: b }, { publicKey: c }] })
    expect(await keysOf(name)).toEqual([a, b, c].sort())
    expect((await bench.read(name)).peers).toContainEqual(fullRead)
  })

  it('replaces peers: a peer that stays is a new one', async () => {
    const name = await bench.newDevice({ peers: [full, { publicKey: b }] })
    await bench.wg.configure(name, { replacePeers: true, peers: [{ publicKey: a }] })
    expect(await bench.readPeer(name)).toEqual(barePeer(a))
  })

  it('replaces peers by none', async () => {
    const name = await bench.newDevice({ firewallMark: 3, peers: [full, { publicKey: b }] })
    await bench.wg.configure(name, { replacePeers: true })
    expect(await bench.read(name)).toMatchObject({ firewallMark: 3, peers: [] })
  })

  it('replaces peers and gives their networks to others', async () => {
    const name = await bench.newDevice({ peers: [full] })
    const peer = { publicKey: b, allowedIPs: networks(4) }
    await bench.wg.configure(name, { replacePeers: true, peers: [peer] })
    expect(await bench.readPeer(name)).toEqual({ ...barePeer(b), allowedIPs: networks(4).sort() })
  })

  it('updates a peer that is there', async () => {
    const name = await bench.newDevice({ peers: [full] })
    const change = { publicKey: a, updateOnly: true, persistentKeepalive: 12 }
    await bench.wg.configure(name, { peers: [change] })
    expect(await bench.readPeer(name)).toEqual({ ...fullRead, persistentKeepalive: 12 })
  })

  it('adds no peer by an update, and moves no network to it', async () => {
    const name = await bench.newDevice({ peers: [full] })
    const missing = { publicKey: b, updateOnly: true, allowedIPs: [network(0)] }
    await bench.wg.configure(name, { peers: [missing, { publicKey: c, updateOnly: true }] })
    expect(await bench.readPeer(name)).toEqual(fullRead)
  })

  it('updates those that are there among those that are not', async () => {
    const name = await bench.newDevice({ peers: [{ publicKey: a }, { publicKey: c }] })
    const changes = [a, b, c].map((publicKey) => ({
      publicKey,
      updateOnly: true,
      persistentKeepalive: 5,
    }))
    await bench.wg.configure(name, { peers: changes })
    expect((await bench.read(name)).peers).toMatchObject(
      [a, c].sort().map((publicKey) => ({ publicKey, persistentKeepalive: 5 })),
    )
  })

  it('removes a peer, with its networks', async () => {
    const name = await bench.newDevice({ peers: [full, { publicKey: b }] })
    await bench.wg.configure(name, { peers: [{ publicKey: a, remove: true }] })
    expect(await bench.readPeer(name)).toEqual(barePeer(b))
  })

  it.each([true, false])(
    'removes a missing peer without effect, updateOnly %s',
    async (updateOnly) => {
      const name = await bench.newDevice({ peers: [full] })
      await bench.wg.configure(name, { peers: [{ publicKey: b, remove: true, updateOnly }] })
      expect(await bench.readPeer(name)).toEqual(fullRead)
    },
  )

  it('applies the entries of one peer in order', async () => {
    const name = await bench.newDevice({ peers: [full] })
    const [first, second] = [network(10), network(11)]
    await bench.wg.configure(name, {
      peers: [
        { publicKey: a, remove: true },
        { publicKey: a, persistentKeepalive: 1, allowedIPs: [first] },
        { publicKey: a, persistentKeepalive: 2, allowedIPs: [second] },
      ],
    })
    const expected = { ...barePeer(a), persistentKeepalive: 2, allowedIPs: [first, second].sort() }
    expect(await bench.readPeer(name)).toEqual(expected)
    await bench.wg.configure(name, {
      peers: [{ publicKey: b }, { publicKey: b, remove: true }],
    })
    expect(await keysOf(name)).toEqual([a])
  })

  it('sets, leaves and clears a preshared key', async () => {
    const name = await bench.newDevice({ peers: [full] })
    for (const none of [null, new Uint8Array(32)]) {
      await bench.wg.configure(name, { peers: [{ publicKey: a, presharedKey: secret(3) }] })
      await bench.wg.configure(name, { peers: [{ publicKey: a, persistentKeepalive: 3 }] })
      expect(await bench.readPeer(name)).toMatchObject({ presharedKey: secret(3) })
      await bench.wg.configure(name, { peers: [{ publicKey: a, presharedKey: none }] })
      expect(await bench.readPeer(name)).not.toHaveProperty('presharedKey')
    }
  })

  it.each([0, 1, 65535])('sets the keepalive %i', async (persistentKeepalive) => {
    const name = await bench.newDevice({ peers: [{ publicKey: a, persistentKeepalive: 25 }] })
    await bench.wg.configure(name, { peers: [{ publicKey: a, persistentKeepalive }] })
    expect(await bench.readPeer(name)).toEqual({ ...barePeer(a), persistentKeepalive })
  })

  it('clears the keepalive with null', async () => {
    const name = await bench.newDevice({ peers: [{ publicKey: a, persistentKeepalive: 25 }] })
    await bench.wg.configure(name, { peers: [{ publicKey: a, persistentKeepalive: null }] })
    expect(await bench.readPeer(name)).toEqual(barePeer(a))
  })

  it('takes the own key to remove a peer', async () => {
    const { privateKey, publicKey } = keyPair(1)
    const name = await bench.newDevice({ privateKey, peers: [full] })
    await bench.wg.configure(name, { peers: [{ publicKey, remove: true }] })
    expect(await bench.readPeer(name)).toEqual(fullRead)
  })
}
