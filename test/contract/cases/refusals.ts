import { type DeviceConfig, type PeerConfig, WireGuardError } from '@wgctrl/types'
import { expect, it } from 'vitest'
import { type Bench, failure } from '../bench.js'
import { barePeer, keyPair, network, peerKey } from '../samples.js'

/** What is refused before anything is sent: the device stays as it is. */
export function refusals(bench: Bench): void {
  const own = keyPair(1)
  const [a, b] = [peerKey(1), peerKey(2)]
  const ownPeer = { code: 'EINVAL', path: 'peers[1].publicKey' }

  /** Good up to its last peer. */
  const spoiledBy = (fields: object): DeviceConfig => ({
    firewallMark: 1,
    replacePeers: true,
    peers: [{ publicKey: b }, { publicKey: a, ...fields } as PeerConfig],
  })
  const start = { firewallMark: 2, peers: [{ publicKey: a, allowedIPs: [network(0)] }] }

  it.each<[string, object, string, typeof TypeError | typeof RangeError | typeof WireGuardError]>([
    ['keepalive 65536', { persistentKeepalive: 65536 }, 'persistentKeepalive', RangeError],
    ['keepalive -1', { persistentKeepalive: -1 }, 'persistentKeepalive', RangeError],
    ['keepalive 1.5', { persistentKeepalive: 1.5 }, 'persistentKeepalive', RangeError],
    ['keepalive "1"', { persistentKeepalive: '1' }, 'persistentKeepalive', TypeError],
    ['a short key', { publicKey: 'AAAA' }, 'publicKey', WireGuardError],
    ['no key', { publicKey: undefined }, 'publicKey', TypeError],
    ['a short preshared key', { presharedKey: new Uint8Array(31) }, 'presharedKey', WireGuardError],
    ['port 0 of an endpoint', { endpoint: '127.0.0.1:0' }, 'endpoint', RangeError],
    ['an endpoint without port', { endpoint: '127.0.0.1' }, 'endpoint', WireGuardError],
    ['an address of 33 bits', { allowedIPs: ['10.0.0.0/33'] }, 'allowedIPs[0]', WireGuardError],
    ['a name as a network', { allowedIPs: [network(1), 'x'] }, 'allowedIPs[1]', WireGuardError],
    ['an unknown field', { keepalive: 1 }, 'keepalive', TypeError],
    ['changes of a removed peer', { remove: true, allowedIPs: [] }, 'allowedIPs', WireGuardError],
    [
      'a network to add and to remove',
      { allowedIPs: [network(1), { cidr: network(1), remove: true }] },
      'allowedIPs[1]',
      WireGuardError,
    ],
  ])('%s', async (_, fields, field, kind) => {
    const name = await bench.newDevice(start)
    const error = await bench.refusal(name, spoiledBy(fields))
    expect(error).toBeInstanceOf(kind)
    expect(error).toMatchObject({ code: 'EINVAL', path: `peers[1].${field}` })
  })

  it.each<[string, object, string, typeof TypeError | typeof RangeError | typeof WireGuardError]>([
    ['port 65536', { listenPort: 65536 }, 'listenPort', RangeError],
    ['port -1', { listenPort: -1 }, 'listenPort', RangeError],
    ['port null', { listenPort: null }, 'listenPort', TypeError],
    ['mark 2^32', { firewallMark: 2 ** 32 }, 'firewallMark', RangeError],
    ['a short private key', { privateKey: 'AAAA' }, 'privateKey', WireGuardError],
    ['peers that are no list', { peers: {} }, 'peers', TypeError],
    ['an unknown field', { fwmark: 1 }, 'fwmark', TypeError],
  ])('%s', async (_, config, path, kind) => {
    const name = await bench.newDevice(start)
    const error = await bench.refusal(name, { replacePeers: true, ...config } as DeviceConfig)
    expect(error).toBeInstanceOf(kind)
    expect(error).toMatchObject({ code: 'EINVAL', path })
  })

  it.each([undefined, null, 1, 'x', []])('the config %o', async (config) => {
    const error = await bench.refusal(await bench.newDevice(start), config as never)
    expect(error).toBeInstanceOf(TypeError)
  })

  it('one network to two peers', async () => {
    const name = await bench.newDevice(start)
    const peers = [
      { publicKey: a, allowedIPs: ['fd00::/64'] },
      { publicKey: b, allowedIPs: [network(3), 'fd00::1/64'] },
    ]
    const error = await bench.refusal(name, { firewallMark: 3, peers })
    expect(error).toMatchObject({ code: 'EINVAL', path: 'peers[1].allowedIPs[1]' })
  })

  it('the own key of the same config as a peer', async () => {
    const name = await bench.newDevice(start)
    const peers = [{ publicKey: b }, { publicKey: own.publicKey }]
    const error = await bench.refusal(name, { privateKey: own.privateKey, peers })
    expect(error).toMatchObject(ownPeer)
  })

  it('the own key that the device has as a peer', async () => {
    const name = await bench.newDevice({ ...start, privateKey: own.privateKey })
    const change = { firewallMark: 5, peers: [{ publicKey: b }, { publicKey: own.publicKey }] }
    expect(await bench.refusal(name, change)).toMatchObject(ownPeer)
    expect(await bench.refusal(name, change), 'again').toMatchObject(ownPeer)
  })

  it('the own key that another client gave the device before', async () => {
    const name = await bench.newDevice(start)
    const other = await bench.stage.another()
    await bench.wg.configure(name, { privateKey: own.privateKey })
    const peers = [{ publicKey: b }, { publicKey: own.publicKey }]
    const before = await bench.read(name)
    expect(await failure(other.configure(name, { peers }))).toMatchObject(ownPeer)
    expect(await bench.read(name)).toEqual(before)
  })

  it('the own key that another client gave the device since', async () => {
    const name = await bench.newDevice({ privateKey: keyPair(2).privateKey })
    await bench.wg.configure(name, { peers: [{ publicKey: b }] })
    const other = await bench.stage.another()
    await other.configure(name, { privateKey: own.privateKey })
    const before = await bench.read(name)
    const peers = [{ publicKey: b }, { publicKey: own.publicKey, persistentKeepalive: 1 }]
    expect(await failure(bench.wg.configure(name, { peers }))).toMatchObject(ownPeer)
    expect(await bench.read(name)).toEqual(before)
  })

  it('the own key no longer, once another client changed it', async () => {
    const name = await bench.newDevice({ privateKey: own.privateKey })
    const other = await bench.stage.another()
    await other.configure(name, { privateKey: keyPair(2).privateKey })
    await bench.wg.configure(name, { peers: [{ publicKey: own.publicKey }] })
    expect((await bench.read(name)).peers).toEqual([barePeer(own.publicKey)])
  })

  it('the own key no longer, once it is cleared or changed', async () => {
    const name = await bench.newDevice({ privateKey: own.privateKey })
    await bench.wg.configure(name, { privateKey: null })
    await bench.wg.configure(name, { peers: [{ publicKey: own.publicKey }] })
    expect((await bench.read(name)).peers).toEqual([barePeer(own.publicKey)])
    const peers = [{ publicKey: own.publicKey }, { publicKey: keyPair(2).publicKey }]
    await bench.wg.configure(name, { privateKey: keyPair(3).privateKey, peers })
    expect((await bench.read(name)).peers).toHaveLength(2)
  })
}
