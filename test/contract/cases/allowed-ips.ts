import type { PeerConfig } from '@wgctrl/types'
import { expect, it } from 'vitest'
import type { Bench } from '../bench.js'
import { barePeer, network, networks, peerKey, secret } from '../samples.js'

export function allowedIPs(bench: Bench): void {
  const [a, b] = [peerKey(1), peerKey(2)]
  const drop = (cidr: string) => ({ cidr, remove: true })
  const owners = async (name: string): Promise<Record<string, string[]>> =>
    Object.fromEntries(
      (await bench.read(name)).peers.map((peer) => [peer.publicKey, peer.allowedIPs]),
    )
  const change = (name: string, ...peers: PeerConfig[]): Promise<void> =>
    bench.wg.configure(name, { peers })

  it.each([
    ['10.1.2.3', '10.1.2.3/32'],
    ['10.1.2.3/24', '10.1.2.0/24'],
    ['10.1.2.3/31', '10.1.2.2/31'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['255.255.255.255/1', '128.0.0.0/1'],
    ['fd00::1', 'fd00::1/128'],
    ['FD00:0:0:0:1::1/64', 'fd00::/64'],
    ['::/0', '::/0'],
    ['::1.2.3.4/128', '::102:304/128'],
    ['::ffff:1.2.3.4/128', '::ffff:1.2.3.4/128'],
    ['::ffff:1.2.3.4/100', '::ffff:0.0.0.0/100'],
    ['2001:db8:0:0:1:0:0:1/128', '2001:db8::1:0:0:1/128'],
  ])('takes %s and shows %s', async (text, canonical) => {
    const name = await bench.newDevice({ peers: [{ publicKey: a, allowedIPs: [text] }] })
    expect(await owners(name)).toEqual({ [a]: [canonical] })
    await change(name, { publicKey: a, allowedIPs: [drop(canonical)] })
    expect(await owners(name)).toEqual({ [a]: [] })
  })

  it('adds networks to those that are there, once each', async () => {
    const name = await bench.newDevice({ peers: [{ publicKey: a, allowedIPs: networks(2) }] })
    await change(name, { publicKey: a, allowedIPs: [network(1), network(2), network(2)] })
    expect(await owners(name)).toEqual({ [a]: networks(3).sort() })
  })

  it('replaces networks', async () => {
    const name = await bench.newDevice({ peers: [{ publicKey: a, allowedIPs: networks(3) }] })
    const kept = networks(3, 2)
    await change(name, { publicKey: a, replaceAllowedIPs: true, allowedIPs: kept })
    expect(await owners(name)).toEqual({ [a]: [...kept].sort() })
  })

  it('replaces networks by none, and leaves the rest of the peer', async () => {
    const peer = { publicKey: a, persistentKeepalive: 7, presharedKey: secret(1) }
    const name = await bench.newDevice({ peers: [{ ...peer, allowedIPs: networks(3) }] })
    await change(name, { publicKey: a, replaceAllowedIPs: true })
    const { persistentKeepalive, presharedKey } = peer
    expect(await bench.readPeer(name)).toEqual({
      ...barePeer(a),
      persistentKeepalive,
      presharedKey,
    })
  })

  it('replaces the networks of one peer, not those of its neighbour', async () => {
    const name = await bench.newDevice({
      peers: [
        { publicKey: a, allowedIPs: networks(2) },
        { publicKey: b, allowedIPs: networks(2, 2) },
      ],
    })
    const more = { publicKey: b, allowedIPs: [network(4)] }
    await change(name, { publicKey: a, replaceAllowedIPs: true }, more)
    expect(await owners(name)).toEqual({ [a]: [], [b]: networks(3, 2).sort() })
  })

  it('moves a network to the peer that is given it', async () => {
    const name = await bench.newDevice({
      peers: [{ publicKey: a, allowedIPs: networks(3) }, { publicKey: b }],
    })
    await change(name, { publicKey: b, allowedIPs: [network(1)] })
    expect(await owners(name)).toEqual({ [a]: [network(0), network(2)].sort(), [b]: [network(1)] })
  })

  it('moves a network that one peer gives up to another in the same change', async () => {
    const name = await bench.newDevice({
      peers: [{ publicKey: a, allowedIPs: networks(2) }, { publicKey: b }],
    })
    const give = { publicKey: a, allowedIPs: [drop(network(0))] }
    const take = { publicKey: b, allowedIPs: [network(0)] }
    await change(name, give, take)
    expect(await owners(name)).toEqual({ [a]: [network(1)], [b]: [network(0)] })
    await change(name, { ...take, publicKey: a }, { ...give, publicKey: b })
    expect(await owners(name)).toEqual({ [a]: networks(2).sort(), [b]: [] })
  })

  it('removes networks one by one and touches nothing else', async () => {
    const peer = {
      publicKey: a,
      presharedKey: secret(1),
      endpoint: '127.0.0.1:1000',
      persistentKeepalive: 7,
      allowedIPs: networks(6),
    }
    const other = { publicKey: b, allowedIPs: networks(3, 10) }
    const name = await bench.newDevice({ firewallMark: 3, peers: [peer, other] })
    const before = await bench.read(name)
    for (let left = 5; left >= 0; left--) {
      await change(name, { publicKey: a, allowedIPs: [drop(network(left))] })
      const peers = before.peers.map((one) =>
        one.publicKey === a ? { ...one, allowedIPs: networks(left).sort() } : one,
      )
      expect(await bench.read(name)).toEqual({ ...before, peers })
    }
  })

  it('removes many networks, and adds some, in one change', async () => {
    const name = await bench.newDevice({ peers: [{ publicKey: a, allowedIPs: networks(1000) }] })
    const odd = networks(1000).filter((_, n) => n % 2 === 1)
    const even = networks(1000).filter((_, n) => n % 2 === 0)
    await change(name, { publicKey: a, allowedIPs: [...odd.map(drop), network(2000)] })
    expect(await owners(name)).toEqual({ [a]: [...even, network(2000)].sort() })
  })

  it('removes nothing from a peer that another owns', async () => {
    const name = await bench.newDevice({
      peers: [{ publicKey: a, allowedIPs: networks(2) }, { publicKey: b }],
    })
    await change(name, { publicKey: b, allowedIPs: [drop(network(0)), drop(network(9))] })
    expect(await owners(name)).toEqual({ [a]: networks(2).sort(), [b]: [] })
  })

  it('removes that very network, not one around it or within', async () => {
    const nested = ['10.0.0.0/8', '10.0.0.0/16', '10.0.0.0/24', 'fd00::/32', 'fd00::/64']
    const name = await bench.newDevice({ peers: [{ publicKey: a, allowedIPs: nested }] })
    await change(name, { publicKey: a, allowedIPs: ['10.0.0.0/16', 'fd00::/64'].map(drop) })
    expect(await owners(name)).toEqual({ [a]: ['10.0.0.0/24', '10.0.0.0/8', 'fd00::/32'] })
    await change(name, { publicKey: a, allowedIPs: ['10.0.0.0/9', 'fd00::/128'].map(drop) })
    expect(await owners(name)).toEqual({ [a]: ['10.0.0.0/24', '10.0.0.0/8', 'fd00::/32'] })
  })

  it('removes the network of a host given with its host bits', async () => {
    const name = await bench.newDevice({ peers: [{ publicKey: a, allowedIPs: ['10.0.0.0/24'] }] })
    await change(name, { publicKey: a, allowedIPs: [drop('10.0.0.77/24')] })
    expect(await owners(name)).toEqual({ [a]: [] })
  })

  it('removes nothing from a missing peer that is only to be updated', async () => {
    const name = await bench.newDevice({ peers: [{ publicKey: a, allowedIPs: networks(2) }] })
    await change(name, { publicKey: b, updateOnly: true, allowedIPs: [drop(network(0))] })
    expect(await owners(name)).toEqual({ [a]: networks(2).sort() })
  })

  it('adds the peer that it has nothing to remove from', async () => {
    const name = await bench.newDevice({ peers: [{ publicKey: a, allowedIPs: networks(2) }] })
    await change(name, { publicKey: b, allowedIPs: [drop(network(0)), network(5)] })
    expect(await owners(name)).toEqual({ [a]: networks(2).sort(), [b]: [network(5)] })
  })

  it('applies the entries of one peer in order', async () => {
    const name = await bench.newDevice({ peers: [{ publicKey: a, allowedIPs: [network(0)] }] })
    const give = (n: number) => ({ publicKey: a, allowedIPs: [network(n)] })
    const take = (n: number) => ({ publicKey: a, allowedIPs: [drop(network(n))] })
    await change(name, give(1), take(1), take(0), give(0))
    expect(await owners(name)).toEqual({ [a]: [network(0)] })
  })

  it('keeps networks of different lengths on different peers', async () => {
    const name = await bench.newDevice({
      peers: [
        { publicKey: a, allowedIPs: ['10.0.0.0/8', '::/0'] },
        { publicKey: b, allowedIPs: ['10.0.0.0/9', '0.0.0.0/0'] },
      ],
    })
    expect(await owners(name)).toEqual({
      [a]: ['10.0.0.0/8', '::/0'],
      [b]: ['0.0.0.0/0', '10.0.0.0/9'],
    })
  })
}
